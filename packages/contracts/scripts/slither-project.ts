// Writes the contracts and their compilation into a folder in the form that Slither reads, since neither Slither's own
// Hardhat support nor its compiler downloads work with Hardhat 3 offline. See docs/contracts-findings.md.
// node scripts/slither-project.ts FOLDER && slither FOLDER --ignore-compile --compile-force-framework hardhat
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';

const folder = process.argv[2];
if (!folder) throw new Error('usage: node scripts/slither-project.ts FOLDER');

const root = fileURLToPath(new URL('..', import.meta.url));
const main = 'contracts/TestigoRegistry.sol';

const locate = (path: string): string =>
  path.startsWith('@') ? fileURLToPath(import.meta.resolve(path)) : join(root, path);

/** Every source the main one reaches, by the paths that the compiler gives them. */
const readSources = async (path: string, found = new Map<string, string>()): Promise<Map<string, string>> => {
  if (found.has(path)) return found;
  const content = await readFile(locate(path), 'utf8');
  found.set(path, content);
  for (const [, wanted] of content.matchAll(/^\s*(?:import[^"]*|\} from )"([^"]+)";/gm)) {
    await readSources(wanted!.startsWith('.') ? join(dirname(path), wanted!) : wanted!, found);
  }
  return found;
};

const sources = await readSources(main);
const input = {
  language: 'Solidity',
  sources: Object.fromEntries([...sources].map(([path, content]) => [path, { content }])),
  settings: {
    evmVersion: 'prague',
    optimizer: { enabled: true, runs: 1_000_000 },
    outputSelection: { '*': { '*': ['*'], '': ['ast'] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const [path, content] of sources) {
  await mkdir(join(folder, dirname(path)), { recursive: true });
  await writeFile(join(folder, path), content);
}
await mkdir(join(folder, 'artifacts/build-info'), { recursive: true });
const buildInfo = {
  _format: 'hh-sol-build-info-1',
  id: 'testigo',
  solcVersion: '0.8.37',
  solcLongVersion: solc.version(),
  input,
  output,
};
await writeFile(join(folder, 'artifacts/build-info/testigo.json'), JSON.stringify(buildInfo));
await writeFile(join(folder, 'hardhat.config.js'), 'module.exports = {};\n');
