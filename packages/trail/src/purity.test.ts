// trail runs alike in a browser and anywhere else: no clock, no randomness, no I/O. The build enforces the ambient
// half (types/pure-globals.d.ts); this is the rest.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EVIDENCE, LOG_VERIFIER_KEY } from '../test/evidence.ts';
import { encodeEvidenceBundle } from './evidence/evidence-bundle.ts';
import { fromUtf8 } from './index.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const sources = globSync('**/*.ts', { cwd: folder }).filter((file) => !file.endsWith('.test.ts'));

describe('the package is pure', () => {
  test.each(sources)('%s imports only its own files and its two libraries, and reads no clock', (file) => {
    const code = readFileSync(`${folder}/${file}`, 'utf8');
    const imports = [...code.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
      (match) => match[1]!,
    );
    for (const specifier of imports)
      expect(specifier).toMatch(/^(?:\.\.?\/|@noble\/(?:hashes|curves)\/|zod$)/);
    const bare = code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    expect(bare).not.toMatch(
      /\b(?:Date|Intl|Math\.random|globalThis|eval|Function|require|import\.meta|toLocale\w+|localeCompare)\b/,
    );
  });

  test('the built package verifies evidence in a realm that has nothing', () => {
    const input = JSON.stringify({
      bundle: fromUtf8(encodeEvidenceBundle(EVIDENCE)),
      verifierKey: LOG_VERIFIER_KEY,
    });
    const script = fileURLToPath(new URL('../test/empty-realm.mjs', import.meta.url));
    const flags = ['--experimental-vm-modules', '--experimental-import-meta-resolve', '--no-warnings'];
    const run = spawnSync(process.execPath, [...flags, script], { input, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toEqual({
      type: 'DETECTION',
      verifiedBy: 1,
      included: true,
    });
  });
});
