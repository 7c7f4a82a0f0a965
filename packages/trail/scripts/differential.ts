// Damages the frozen vectors at random, a few bytes or characters a case, and puts the results to this package and to
// docs/spec/verify.py: they must give the same answer, whatever it is. Vectors only pin what somebody thought of.
//
//   npm run differential -w packages/trail -- [--rounds 3] [--seed 1]
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isWellFormed } from '../src/encoding/text.ts';
import { fromHex, hashLeaf, sha256, toHex } from '../src/index.ts';
import { RUNNERS, type VectorCase } from '../test/run-vector.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seed: { type: 'string', default: '1' } },
});
const vectors = fileURLToPath(new URL('../vectors/', import.meta.url));
const script = fileURLToPath(new URL('../../../docs/spec/verify.py', import.meta.url));

// mulberry32: small, seeded, good enough to choose places.
let state = Number(values.seed) >>> 0;
function below(bound: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}
const oneOf = <T>(items: readonly T[]): T => items[below(items.length)]!;

const PIECES = [
  '',
  '0',
  '1',
  '-',
  '.',
  'e',
  '"',
  '\\',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  ' ',
  '\n',
  '+',
  '/',
  '=',
  'A',
  'z',
  'é',
  '\u0000',
  '— ',
  '\n\n',
  'null',
  '1.0',
  '__proto__',
  '\\u0061',
  '9007199254740993',
];

/** Replaces, inserts, removes or repeats a short piece. */
function damageText(text: string): string {
  const at = below(text.length + 1);
  const length = below(4);
  const piece = below(3) === 0 ? text.slice(at, at + 1 + below(40)) : oneOf(PIECES);
  return text.slice(0, at) + piece + text.slice(at + length);
}

/** As damageText, on the bytes behind the hex: mostly as text, so that the result is nearly well-formed. */
function damageHex(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (below(3) > 0) return Buffer.from(damageText(bytes.toString('latin1')), 'latin1').toString('hex');
  if (bytes.length > 0) bytes[below(bytes.length)]! ^= 1 << below(8);
  return bytes.toString('hex');
}

const HEX_FIELDS = new Set(['bytes', 'message', 'value']);
const TEXT_FIELDS = new Set(['path', 'body', 'text', 'key', 'envelope', 'field']);

function damage(c: VectorCase): VectorCase {
  const fields = Object.keys(c).filter(
    (field) =>
      HEX_FIELDS.has(field) || TEXT_FIELDS.has(field) || field === 'proof' || typeof c[field] === 'number',
  );
  const hashes = Object.keys(c).filter(
    (field) => typeof c[field] === 'string' && /^(?:[0-9a-f]{2})+$/.test(c[field]) && !HEX_FIELDS.has(field),
  );
  const field = oneOf([...fields, ...hashes.filter((name) => name !== 'leafHash' || 'proof' in c)]);
  const value = c[field];
  if (typeof value === 'number') return { ...c, [field]: Math.max(0, value + oneOf([-2, -1, 1, 2, value])) };
  if (Array.isArray(value)) {
    const proof = [...(value as string[])];
    proof.splice(
      below(proof.length + 1),
      below(2),
      ...(below(2) ? [oneOf([...proof, '00'.repeat(32)])] : []),
    );
    return { ...c, proof };
  }
  const text = value as string;
  if (TEXT_FIELDS.has(field)) return { ...c, [field]: damageText(text) };
  return { ...c, [field]: HEX_FIELDS.has(field) ? damageHex(text) : damageHash(text) };
}

/** The digests that a case states of its bytes, brought up to date: what is to be compared is whether they are read. */
function restate(c: VectorCase): VectorCase {
  if (typeof c.bytes !== 'string') return c;
  const bytes = fromHex(c.bytes);
  const digest = toHex(sha256(bytes));
  return {
    ...c,
    ...('leafHash' in c && { leafHash: toHex(hashLeaf(bytes)) }),
    ...('modelVersion' in c && { modelVersion: digest }),
    ...('digest' in c && { digest }),
  };
}

function damageHash(hex: string): string {
  const at = below(hex.length);
  const digit = (Number.parseInt(hex[at]!, 16) ^ (1 << below(4))).toString(16);
  return hex.slice(0, at) + digit + hex.slice(at + 1);
}

function accepts(kind: string, c: VectorCase): boolean {
  try {
    return RUNNERS[kind]!(c);
  } catch (error) {
    if (error instanceof Error && error.name === 'TrailError') return false;
    throw error;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'testigo-differential-'));
try {
  let accepted = 0;
  let total = 0;
  for (const name of globSync('*.json', { cwd: vectors })) {
    const file = JSON.parse(readFileSync(vectors + name, 'utf8')) as { cases: VectorCase[]; vectors: string };
    const kind = file.vectors;
    const cases: VectorCase[] = [];
    for (let round = 0; kind !== 'evidence' && round < Number(values.rounds); round++) {
      for (const c of file.cases) {
        const damaged = restate(damage(c));
        // A lone surrogate has no UTF-8 form: it cannot even be written into the file for the other verifier.
        if (!isWellFormed(JSON.stringify(damaged))) continue;
        const valid = accepts(kind, damaged);
        accepted += Number(valid);
        cases.push({
          ...damaged,
          name: `${c.name} #${round}: ${JSON.stringify(damaged).slice(0, 3_000)}`,
          valid,
        });
      }
    }
    total += cases.length;
    writeFileSync(join(folder, name), JSON.stringify({ ...file, cases }));
  }
  const python = spawnSync('python3', ['-B', script, '--vectors', folder], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const { wrong = ['no answer'] } = JSON.parse(python.stdout || '{}') as {
    readonly wrong?: readonly string[];
  };
  process.stdout.write(
    `${total} damaged cases, ${accepted} of them still valid; ${wrong.length} answered otherwise by verify.py\n`,
  );
  for (const line of wrong.slice(0, 20)) process.stdout.write(`  ${line}\n`);
  process.stderr.write(python.stderr);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
