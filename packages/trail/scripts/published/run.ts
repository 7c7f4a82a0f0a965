// Puts transparency-dev/merkle's published proofs, happy and corrupted, to our TypeScript and Python verifiers.
//
//   npm run published -w packages/trail                      fetches the module through the Go proxy (needs go)
//   npm run published -w packages/trail -- --testdata DIR    or takes the testdata folder of a checkout
//
// Releases up to v0.0.2 keep their proofs in Go test source, so a test beside theirs writes them down together with
// what that library answers; later trees have a testdata folder of JSON. Nothing of it is committed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EMPTY_ROOT, equalBytes, type Hash, verifyConsistency, verifyInclusion } from '../../src/index.ts';

const MODULE = 'github.com/transparency-dev/merkle@v0.0.2';

interface PublishedCase {
  readonly desc: string;
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
  readonly leafIdx?: number;
  readonly treeSize?: number;
  readonly size1?: number;
  readonly size2?: number;
  readonly root?: string;
  readonly leafHash?: string;
  readonly root1?: string;
  readonly root2?: string;
}

const bytes = (base64: string | null | undefined): Hash =>
  new Uint8Array(Buffer.from(base64 ?? '', 'base64'));

function runTool(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): string {
  const run = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (run.error) throw run.error;
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${run.stdout}${run.stderr}`);
  return run.stdout;
}

/** The folder of cases, and whose it is. */
function fetchCases(folder: string): string {
  const env = { ...process.env, GOFLAGS: '-mod=mod' };
  const { Dir, Sum } = JSON.parse(
    runTool('go', ['mod', 'download', '-json', MODULE], { cwd: folder, env }),
  ) as {
    readonly Dir: string;
    readonly Sum: string;
  };
  process.stdout.write(`${MODULE} ${Sum}\n`);
  if (existsSync(join(Dir, 'testdata'))) return join(Dir, 'testdata');
  const copy = join(folder, 'module');
  cpSync(Dir, copy, { recursive: true });
  runTool('chmod', ['-R', 'u+w', copy], { cwd: folder });
  copyFileSync(
    fileURLToPath(new URL('dump_test.go.txt', import.meta.url)),
    join(copy, 'proof', 'dump_test.go'),
  );
  const out = mkdtempSync(join(folder, 'cases-'));
  runTool('go', ['test', './proof', '-run', 'TestDump', '-count', '1'], {
    cwd: copy,
    env: { ...env, OUT: out },
  });
  return out;
}

function readCases(folder: string): PublishedCase[] {
  return globSync('**/*.json', { cwd: folder }).flatMap((name) => {
    const content = JSON.parse(readFileSync(join(folder, name), 'utf8')) as PublishedCase | PublishedCase[];
    return Array.isArray(content) ? content : [content];
  });
}

/**
 * Where that library asks no questions and we do: roots of a length other than 32 bytes, and a head of size 0 whose
 * root is not the empty one. docs/spec/log.md, "Consistency".
 */
function isRefusedOnPurpose(c: PublishedCase): boolean {
  if (c.size1 === undefined) return false;
  const [root1, root2] = [bytes(c.root1), bytes(c.root2)];
  const isOddRoot = root1.length !== 32 || root2.length !== 32;
  return isOddRoot || (c.size1 === 0 && !equalBytes(root1, EMPTY_ROOT));
}

function accepts(c: PublishedCase): boolean {
  const proof = (c.proof ?? []).map((hash) => bytes(hash));
  if (c.leafIdx !== undefined)
    return verifyInclusion({
      leafHash: bytes(c.leafHash),
      index: c.leafIdx,
      size: c.treeSize ?? 0,
      proof,
      root: bytes(c.root),
    });
  const claim = { size1: c.size1 ?? 0, size2: c.size2 ?? 0, root1: bytes(c.root1), root2: bytes(c.root2) };
  return verifyConsistency({ ...claim, proof });
}

const { values } = parseArgs({ options: { testdata: { type: 'string' } } });
const temporary = mkdtempSync(join(tmpdir(), 'testigo-published-'));
try {
  const folder = values.testdata ?? fetchCases(temporary);
  const cases = readCases(folder);
  const stricter = cases.filter((c) => !c.wantErr && isRefusedOnPurpose(c));
  const wrong = cases.filter((c) => accepts(c) !== (!c.wantErr && !isRefusedOnPurpose(c)));
  const accepted = cases.filter((c) => !c.wantErr).length;
  process.stdout.write(
    `TypeScript: ${cases.length} cases (${accepted} to accept, ${cases.length - accepted} to refuse), ` +
      `${stricter.length} refused on purpose, ${wrong.length} wrong\n`,
  );
  for (const c of wrong) process.stdout.write(`  ${c.desc}: ${JSON.stringify(c)}\n`);
  const script = fileURLToPath(new URL('../../../../docs/spec/verify.py', import.meta.url));
  const python = spawnSync('python3', ['-B', script, '--merkle', folder], { encoding: 'utf8' });
  process.stdout.write(python.error ? 'Python: did not run\n' : `Python: ${python.stdout}${python.stderr}`);
  process.exitCode = wrong.length > 0 || cases.length === 0 || python.status !== 0 ? 1 : 0;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
