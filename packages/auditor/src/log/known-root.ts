import type { Hash, NodeReader } from '@testigo/trail';
import { hashNode } from '../trail/tree-roots.ts';

export interface KnownLeaf {
  readonly index: number;
  readonly hash: Hash;
}

/**
 * Root of a tree of `size` leaves of which some are known for certain; the others come as hashes of perfect subtrees
 * from an untrusted reader. RFC 6962, section 2.1, the same recursion as a single inclusion proof's. If the result is
 * the signed root, every known leaf stands in that tree at its index: to lie, the reader needs a collision of SHA-256.
 * `leaves` ascend by index and lie below `size`.
 * @throws whatever the reader throws
 */
export async function computeRootAround(
  leaves: readonly KnownLeaf[],
  size: number,
  read: NodeReader,
): Promise<Hash> {
  // Leaves [from, to) of the list are the ones in the span [begin, end) of the tree.
  const walk = async (begin: number, end: number, from: number, to: number): Promise<Hash> => {
    const width = end - begin;
    const level = Math.ceil(Math.log2(width));
    if (from === to && 2 ** level === width) return read(level, begin / width);
    if (width === 1) return leaves[from]!.hash;
    const middle = begin + 2 ** (level - 1);
    const split = findFirst(leaves, middle, from, to);
    return hashNode(await walk(begin, middle, from, split), await walk(middle, end, split, to));
  };
  return walk(0, size, 0, leaves.length);
}

/** Position in `[from, to]` of the first leaf whose index is not below `index`. */
function findFirst(leaves: readonly KnownLeaf[], index: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (leaves[middle]!.index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
