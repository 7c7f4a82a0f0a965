import { TrailError } from '../errors.ts';
import { EMPTY_ROOT, HASH_BYTES, type Hash, hashChildren } from './hashing.ts';

/**
 * The perfect subtrees that cover leaves 0..size-1, largest first: all the state that appending needs.
 * `peaks[i]` covers 2^k leaves for the i-th highest set bit k of `size`.
 */
export interface CompactRange {
  readonly size: number;
  readonly peaks: readonly Hash[];
}

export const emptyRange = (): CompactRange => ({ size: 0, peaks: [] });

/** Number of one bits: a compact range of `size` leaves has that many peaks. */
export function countPeaks(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

/** Called for every perfect subtree that an append completes: level 0 is the leaf itself. */
export type NodeSink = (level: number, index: number, hash: Hash) => void;

/** Appends one leaf hash. O(log n) time, amortised O(1) hashes. @throws TrailError `bad-index` */
export function appendToRange(range: CompactRange, leafHash: Hash, sink?: NodeSink): CompactRange {
  if (!Number.isSafeInteger(range.size + 1) || range.size < 0 || leafHash.length !== HASH_BYTES)
    throw new TrailError('bad-index', `Cannot append ${leafHash.length} bytes to ${range.size} leaves.`);
  if (range.peaks.length !== countPeaks(range.size)) {
    throw new TrailError(
      'bad-index',
      `A range of ${range.size} leaves has ${countPeaks(range.size)} peaks, not ${range.peaks.length}.`,
    );
  }
  const peaks = [...range.peaks];
  let hash = leafHash;
  let index = range.size;
  sink?.(0, index, hash);
  for (let level = 1; index % 2 === 1; level++) {
    hash = hashChildren(peaks.pop() as Hash, hash);
    index = (index - 1) / 2;
    sink?.(level, index, hash);
  }
  peaks.push(hash);
  return { size: range.size + 1, peaks };
}

/** The Merkle tree head of the range: peaks folded from the right. RFC 6962, section 2.1. */
export function rootOfRange(range: CompactRange): Hash {
  const [last, ...rest] = [...range.peaks].reverse();
  return last === undefined ? EMPTY_ROOT : rest.reduce((root, peak) => hashChildren(peak, root), last);
}
