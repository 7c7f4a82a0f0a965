// Proof generation (RFC 9162, section 2.1.3.1 and 2.1.4.1) over any source of perfect subtree hashes: an array of
// leaves in a test, tiles on disk in a server. A proof is first planned as nodes, then read.
import { TrailError } from '../errors.ts';
import { HASH_BYTES, type Hash, hashChildren } from './hashing.ts';

/** Hash of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level). */
export type NodeReader = (level: number, index: number) => Hash | Promise<Hash>;

/** Leaves [begin, end) whose subtree hash a proof needs. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

/** The largest power of two smaller than n, as its exponent. By doubling: Math.log2 rounds above 2^48. */
function splitLevel(n: number): number {
  let level = 0;
  while (2 ** (level + 1) < n) level++;
  return level;
}

// RFC 6962, section 2.1: k, the largest power of two smaller than n.
const splitPoint = (n: number): number => 2 ** splitLevel(n);

function checkRange(condition: boolean, detail: string): void {
  if (!condition) throw new TrailError('bad-index', detail);
}

/** RFC 6962 section 2.1.1, PATH(m, D[n]), as spans from the leaf upwards. */
function inclusionSpans(index: number, span: Span): Span[] {
  const n = span.end - span.begin;
  if (n === 1) return [];
  const middle = span.begin + splitPoint(n);
  const left = { begin: span.begin, end: middle };
  const right = { begin: middle, end: span.end };
  return index < middle ? [...inclusionSpans(index, left), right] : [...inclusionSpans(index, right), left];
}

/** RFC 6962 section 2.1.2, SUBPROOF(m, D[n], b). */
function consistencySpans(size1: number, span: Span, isWholeOld: boolean): Span[] {
  const n = span.end - span.begin;
  if (size1 === span.end) return isWholeOld ? [] : [span];
  const middle = span.begin + splitPoint(n);
  const left = { begin: span.begin, end: middle };
  const right = { begin: middle, end: span.end };
  return size1 <= middle
    ? [...consistencySpans(size1, left, isWholeOld), right]
    : [...consistencySpans(size1, right, false), left];
}

function checkNode(hash: Hash, level: number, index: number): Hash {
  if (hash?.length !== HASH_BYTES)
    throw new TrailError('bad-tile', `The reader gave no hash for node ${index} of level ${level}.`);
  return hash;
}

// A span is perfect on the left; only the right edge of the tree is ragged, so this recurses at most log2 n times.
async function readSpan(read: NodeReader, span: Span): Promise<Hash> {
  const n = span.end - span.begin;
  const level = n === 1 ? 0 : splitLevel(n) + 1;
  if (2 ** level === n) return checkNode(await read(level, span.begin / n), level, span.begin / n);
  const middle = span.begin + splitPoint(n);
  const left = await readSpan(read, { begin: span.begin, end: middle });
  return hashChildren(left, await readSpan(read, { begin: middle, end: span.end }));
}

const readSpans = (read: NodeReader, spans: readonly Span[]): Promise<Hash[]> =>
  Promise.all(spans.map((span) => readSpan(read, span)));

/** Inclusion proof of leaf `index` in the tree of `size` leaves, leaf end first. @throws TrailError `bad-index` */
export async function proveInclusionFrom(read: NodeReader, index: number, size: number): Promise<Hash[]> {
  checkRange(
    Number.isSafeInteger(size) && index >= 0 && Number.isSafeInteger(index) && index < size,
    `Leaf ${index} is not in a log of ${size}.`,
  );
  return readSpans(read, inclusionSpans(index, { begin: 0, end: size }));
}

/** Consistency proof between two sizes of one log; empty for size1 = 0 or size1 = size2. @throws TrailError `bad-index` */
export async function proveConsistencyFrom(read: NodeReader, size1: number, size2: number): Promise<Hash[]> {
  checkRange(
    Number.isSafeInteger(size1) && Number.isSafeInteger(size2) && size1 >= 0 && size1 <= size2,
    `There is no consistency proof from size ${size1} to ${size2}.`,
  );
  if (size1 === 0 || size1 === size2) return [];
  return readSpans(read, consistencySpans(size1, { begin: 0, end: size2 }, true));
}

function hashSpan(leaves: readonly Hash[], span: Span): Hash {
  const n = span.end - span.begin;
  if (n === 1) return leaves[span.begin] as Hash;
  const middle = span.begin + splitPoint(n);
  return hashChildren(
    hashSpan(leaves, { begin: span.begin, end: middle }),
    hashSpan(leaves, { begin: middle, end: span.end }),
  );
}

/** As {@link proveInclusionFrom}, from all the leaf hashes. O(n). */
export function proveInclusion(leafHashes: readonly Hash[], index: number): Hash[] {
  const end = leafHashes.length;
  checkRange(
    Number.isSafeInteger(index) && index >= 0 && index < end,
    `Leaf ${index} is not in a log of ${end}.`,
  );
  return inclusionSpans(index, { begin: 0, end }).map((span) => hashSpan(leafHashes, span));
}

/** As {@link proveConsistencyFrom}, from all the leaf hashes of the newer tree. O(n). */
export function proveConsistency(leafHashes: readonly Hash[], size1: number): Hash[] {
  const end = leafHashes.length;
  checkRange(
    Number.isSafeInteger(size1) && size1 >= 0 && size1 <= end,
    `There is no consistency proof from size ${size1} to ${end}.`,
  );
  if (size1 === 0 || size1 === end) return [];
  return consistencySpans(size1, { begin: 0, end }, true).map((span) => hashSpan(leafHashes, span));
}
