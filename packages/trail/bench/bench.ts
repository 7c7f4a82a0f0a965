// What a record costs in this package: encode, parse, hash, append, prove, verify; and how that grows from 10^3 to
// 10^6 records. Prints processor time, asserts nothing. `npm run bench -w packages/trail`
import {
  appendToRange,
  type CompactRange,
  emptyRange,
  encodeRecord,
  formatCheckpoint,
  type Hash,
  hashRecord,
  newLogSigner,
  newNoteVerifier,
  openNote,
  parseRecord,
  proveConsistencyFrom,
  proveInclusionFrom,
  rootOfRange,
  signNote,
  utf8,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import { LOG_SECRET, LOG_VERIFIER_KEY, ORIGIN } from '../test/evidence.ts';
import { RECORDS } from '../test/records.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const SAMPLES = 2_000;

// Processor time, not the clock's: the work is pure, and what else the machine does should not show.
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds of processor time a call: the median of five rounds. */
async function time(rounds: number, act: (i: number) => unknown): Promise<number> {
  const medians: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = cpuUs();
    for (let i = 0; i < rounds; i++) await act(i);
    medians.push((cpuUs() - start) / rounds);
  }
  return medians.sort((a, b) => a - b)[2]!;
}

const us = (microseconds: number): string =>
  microseconds >= 1_000 ? `${(microseconds / 1_000).toFixed(2)} ms` : `${microseconds.toFixed(1)} µs`;

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  for (const row of rows)
    process.stdout.write(
      `${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}\n`,
    );
}

const record = RECORDS.DETECTION;
const bytes = encodeRecord(record);
const signer = newLogSigner({ name: ORIGIN, secretKey: LOG_SECRET });
const verifier = newNoteVerifier(LOG_VERIFIER_KEY);
const body = formatCheckpoint({ origin: ORIGIN, size: 1, root: hashRecord(bytes) });
const note = signNote(body, signer);

process.stdout.write(`One record (a DETECTION of ${bytes.length} bytes), Node ${process.versions.node}\n`);
printTable([
  ['encode', us(await time(SAMPLES, () => encodeRecord(record)))],
  ['parse', us(await time(SAMPLES, () => parseRecord(bytes)))],
  ['hash', us(await time(SAMPLES, () => hashRecord(bytes)))],
  ['sign a checkpoint', us(await time(50, () => signNote(body, signer)))],
  ['open a checkpoint', us(await time(50, () => openNote(note, [verifier])))],
]);

/** Levels of perfect subtree hashes, as a server's tiles hold them: 32 bytes each in one buffer a level. */
class Nodes {
  readonly #levels: Uint8Array[];
  constructor(size: number) {
    this.#levels = Array.from(
      { length: 21 },
      (_, level) => new Uint8Array(32 * Math.floor(size / 2 ** level)),
    );
  }
  readonly write = (level: number, index: number, hash: Hash): void =>
    this.#levels[level]!.set(hash, 32 * index);
  readonly read = (level: number, index: number): Hash =>
    this.#levels[level]!.subarray(32 * index, 32 * index + 32);
}

process.stdout.write(
  '\nThe log at each size: append a leaf, prove and verify one of its records or its growth by a tenth\n',
);
const rows: string[][] = [
  ['records', 'append', 'prove', 'verify', 'proof', 'prove growth', 'verify growth', 'proof'],
];
for (const size of SIZES) {
  const nodes = new Nodes(size);
  const old = Math.floor(size * 0.9);
  let range: CompactRange = emptyRange();
  let oldRoot: Hash = rootOfRange(range);
  const start = cpuUs();
  for (let i = 0; i < size; i++) {
    range = appendToRange(range, hashRecord(utf8(`record ${i}`)), nodes.write);
    if (range.size === old) oldRoot = rootOfRange(range);
  }
  const append = (cpuUs() - start) / size;
  const root = rootOfRange(range);
  const index = (i: number): number => (i * 7_919 + 13) % size;
  const prove = await time(SAMPLES, (i) => proveInclusionFrom(nodes.read, index(i), size));
  const proofs: Hash[][] = [];
  for (let i = 0; i < SAMPLES; i++) proofs.push(await proveInclusionFrom(nodes.read, index(i), size));
  let accepted = true;
  const verify = await time(SAMPLES, (i) => {
    const claim = { leafHash: nodes.read(0, index(i)), index: index(i), size, proof: proofs[i]!, root };
    accepted = verifyInclusion(claim) && accepted;
  });
  const growth = await proveConsistencyFrom(nodes.read, old, size);
  const proveGrowth = await time(SAMPLES, () => proveConsistencyFrom(nodes.read, old, size));
  const verifyGrowth = await time(SAMPLES, () => {
    accepted =
      verifyConsistency({ size1: old, size2: size, root1: oldRoot, root2: root, proof: growth }) && accepted;
  });
  if (!accepted) throw new Error('a proof of the benchmark does not verify');
  const proofBytes = (hashes: readonly Hash[]): string => `${hashes.length * 32} B`;
  const longest = proofs.reduce((a, b) => (b.length > a.length ? b : a));
  rows.push([
    size.toLocaleString('en'),
    us(append),
    us(prove),
    us(verify),
    proofBytes(longest),
    us(proveGrowth),
    us(verifyGrowth),
    proofBytes(growth),
  ]);
}
printTable(rows);
