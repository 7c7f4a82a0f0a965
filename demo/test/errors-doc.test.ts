import { AUDIT_ERRORS } from '@testigo/auditor';
import { connectRegistry, REGISTRY_ERRORS } from '@testigo/contracts';
import { API_ERRORS } from '@testigo/inference-api';
import { MODEL_ERRORS } from '@testigo/model';
import { TRAIL_ERRORS } from '@testigo/trail';
import { JsonRpcProvider, ZeroAddress } from 'ethers';
import { expect, it } from 'vitest';

type Descriptor = { readonly title: string; readonly help?: string; readonly httpStatus?: number };
type Descriptors = Readonly<Record<string, Descriptor>>;

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const table = (descriptors: Descriptors): string[] => {
  const rows = Object.entries(descriptors).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '| code | what it says | what to do |',
    '|---|---|---|',
    ...rows.map(
      ([code, { title, help = '' }]) => `| \`${code}\` | ${escapeCell(title)} | ${escapeCell(help)} |`,
    ),
  ];
};

const listReverts = (): string[] => {
  const provider = new JsonRpcProvider('http://127.0.0.1:1', undefined, { staticNetwork: true });
  const signatures: string[] = [];
  connectRegistry(ZeroAddress, provider).interface.forEachError((fragment) => {
    const inputs = fragment.inputs.map(({ type, name }) => `${type} ${name}`).join(', ');
    signatures.push(`- \`${fragment.name}(${inputs})\``);
  });
  provider.destroy();
  return signatures.sort();
};

it('docs/errors.md says what the code says', async () => {
  const text = [
    '# Error codes of all packages',
    '',
    'Made from the code by its tests (`npx vitest run test/errors-doc.test.ts -u` in `demo` writes it anew). A code keeps its meaning for good: branch on codes, never on messages. What an audit finds out is no error: [findings.md](findings.md).',
    '',
    '## trail: `TrailError.code`',
    '',
    ...table(TRAIL_ERRORS),
    '',
    '## model: `ModelError.code`',
    '',
    ...table(MODEL_ERRORS),
    '',
    '## contracts: `RegistryError.code`',
    '',
    ...table(REGISTRY_ERRORS),
    '',
    'The registry itself reverts with these; `revertOf(error)` reads them from a failed call.',
    '',
    ...listReverts(),
    '',
    '## inference-api: `code` of a problem+json answer',
    '',
    `${Object.keys(API_ERRORS).length} codes with their HTTP status: [api-errors.md](api-errors.md), or \`GET /errors/{code}\` of a running service.`,
    '',
    '## auditor: `AuditError.code`',
    '',
    'Each ends the program with exit code 2.',
    '',
    ...table(AUDIT_ERRORS),
    '',
  ].join('\n');
  await expect(text).toMatchFileSnapshot('../../docs/errors.md');
});
