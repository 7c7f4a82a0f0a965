// Breaks the contracts one place at a time and asks whether a test notices. Takes a quarter of an hour or more.
// `npm run mutate -w packages/contracts`; works on the sources themselves and puts them back, also when interrupted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// Each file with the tests that mirror it.
const FILES: Readonly<Record<string, readonly string[]>> = {
  'registry/Anchors.sol': ['anchors'],
  'registry/Logs.sol': ['logs', 'rotation', 'second-evm'],
  'registry/Models.sol': ['models'],
  'registry/Datasets.sol': ['datasets', 'models'],
  'registry/Roles.sol': ['datasets', 'logs', 'models', 'roles', 'rotation'],
  'TestigoRegistry.sol': ['roles'],
  'MerkleLog.sol': ['merkle-log', 'vectors'],
};

type Mutation = { readonly pattern: RegExp; readonly replacement: string };

const MUTATIONS: readonly Mutation[] = [
  { pattern: /\bif \((?!false)[^;{]*\) (?=revert|return|_refuse)/g, replacement: 'if (false) ' },
  { pattern: / < /g, replacement: ' <= ' },
  { pattern: / > /g, replacement: ' >= ' },
  { pattern: / >= /g, replacement: ' > ' },
  { pattern: / == /g, replacement: ' != ' },
  { pattern: / != /g, replacement: ' == ' },
  { pattern: / && /g, replacement: ' || ' },
  { pattern: / \|\| /g, replacement: ' && ' },
  { pattern: /^ +emit [^;]*;$/gm, replacement: '' },
  { pattern: /^ +(?:delete )?(?:_\w+\[\w+\]|\w+\.[\w.]+)(?: = [^;]*)?;$/gm, replacement: '' },
  { pattern: /^ +_require\w+\([^;]*;$/gm, replacement: '' },
  { pattern: / onlyRole\(\w+\)/g, replacement: '' },
  { pattern: / [+] /g, replacement: ' - ' },
  { pattern: / - /g, replacement: ' + ' },
  { pattern: /\beq\(proof, proofEnd\)/g, replacement: '1' },
  { pattern: /\bif (?:gt|iszero|xor)\([^{\n]*/g, replacement: 'if 1 ' },
  { pattern: /\bif (?:gt|iszero|xor)\([^{\n]*/g, replacement: 'if 0 ' },
  // not the loop that takes four at once: without it the next one takes them, for more gas
  { pattern: /\band\(size1, (?!mul)/g, replacement: 'or(size1, ' },
  { pattern: /\bshl\(4, level\)/g, replacement: 'shl(3, level)' },
  { pattern: /\bmul\(level, 15\)/g, replacement: 'mul(level, 7)' },
  { pattern: /\bmul\(36, /g, replacement: 'mul(32, ' },
  { pattern: /\bor\(and\(rest, 31\), /g, replacement: 'or(0, ' },
  { pattern: /\bshr\(64, rest\)/g, replacement: '0' },
  { pattern: /\bcounted := [^\n]*/g, replacement: '' },
  { pattern: /\b(?:sstore|log4)\([^\n]*$/gm, replacement: '' },
  { pattern: /\beq\(hash([12]), root\1\)/g, replacement: '1' },
  { pattern: /\bmstore\((?:left[12]|hash[12]|0x[02]0), [^;\n]*\)$/gm, replacement: '' },
];

/** Code only: a changed comment is no mutant. */
const isInComment = (source: string, index: number): boolean => {
  const line = source.slice(source.lastIndexOf('\n', index) + 1, index + 3);
  return line.includes('//') || line.trimStart().startsWith('import');
};

const run = async (...args: string[]): Promise<boolean> => {
  const child = spawn('hardhat', args, {
    cwd: root,
    stdio: 'ignore',
    env: { ...process.env, TESTIGO_EXHAUSTIVE: '9' },
  });
  const [status] = await once(child, 'exit');
  return status === 0;
};

const survivors: string[] = [];
let tried = 0;
let invalid = 0;
for (const [file, tests] of Object.entries(FILES)) {
  const testFiles = tests.map((name) => `test/${name}.test.ts`);
  const path = `${root}contracts/${file}`;
  const source = readFileSync(path, 'utf8');
  const restore = () => writeFileSync(path, source);
  process.once('SIGINT', () => {
    restore();
    process.exit(130);
  });
  for (const { pattern, replacement } of MUTATIONS) {
    for (const match of source.matchAll(pattern)) {
      if (isInComment(source, match.index)) continue;
      writeFileSync(
        path,
        source.slice(0, match.index) + replacement + source.slice(match.index + match[0].length),
      );
      const line = source.slice(0, match.index).split('\n').length;
      const name = `${file}:${line} ${match[0].trim()} -> ${replacement.trim() || 'nothing'}`;
      if (!(await run('build', '--no-typechain'))) invalid += 1;
      else {
        tried += 1;
        if (await run('test', 'mocha', '--no-compile', '--bail', ...testFiles)) survivors.push(name);
        process.stdout.write(`${survivors.at(-1) === name ? 'SURVIVED' : 'killed  '} ${name}\n`);
      }
      restore();
    }
  }
}
await run('build');
process.stdout.write(
  `${tried} mutants, ${tried - survivors.length} killed, ${survivors.length} survived, ${invalid} did not compile\n`,
);
for (const name of survivors) process.stdout.write(`  ${name}\n`);
