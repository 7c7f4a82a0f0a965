import type { Hash, NodeReader } from '@testigo/trail';
import { hashNode } from '../trail/tree-roots.ts';

/** The root of the perfect subtree over leaves `index * 2^level` to `(index + 1) * 2^level`, known for certain. */
interface KnownNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Hash;
}

/** Leaves known for certain, kept as the perfect subtrees they fill: a range of any length takes a few dozen hashes. */
export class KnownLeaves {
  readonly #nodes: KnownNode[] = [];
  #count = 0;
  #first = 0;
  #last = -1;

  /** Indices ascend. */
  add(index: number, hash: Hash): void {
    if (this.#count === 0) this.#first = index;
    this.#last = index;
    this.#count += 1;
    let node: KnownNode = { level: 0, index, hash };
    for (let left = this.#nodes.at(-1); left !== undefined; left = this.#nodes.at(-1)) {
      if (left.level !== node.level || node.index % 2 === 0 || left.index !== node.index - 1) break;
      this.#nodes.pop();
      node = { level: node.level + 1, index: left.index / 2, hash: hashNode(left.hash, node.hash) };
    }
    this.#nodes.push(node);
  }

  get count(): number {
    return this.#count;
  }

  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  get nodes(): readonly KnownNode[] {
    return this.#nodes;
  }
}

/**
 * Root of a tree of `size` leaves of which some are known for certain; the others come as hashes of perfect subtrees
 * from an untrusted reader. RFC 6962, section 2.1, the same recursion as a single inclusion proof's. If the result is
 * the signed root, every known leaf stands in that tree at its index: to lie, the reader needs a collision of SHA-256.
 * The known leaves lie below `size`.
 * @throws whatever the reader throws
 */
export async function computeRootAround(
  { nodes }: KnownLeaves,
  size: number,
  read: NodeReader,
): Promise<Hash> {
  // Nodes [from, to) of the list are the ones in the span [begin, end) of the tree.
  const walk = async (begin: number, end: number, from: number, to: number): Promise<Hash> => {
    const width = end - begin;
    const level = Math.ceil(Math.log2(width));
    if (2 ** level === width) {
      if (from === to) return read(level, begin / width);
      if (nodes[from]!.level === level) return nodes[from]!.hash;
    }
    const middle = begin + 2 ** (level - 1);
    const split = findFirst(nodes, middle, from, to);
    return hashNode(await walk(begin, middle, from, split), await walk(middle, end, split, to));
  };
  return walk(0, size, 0, nodes.length);
}

/** Position in `[from, to]` of the first node that begins at leaf `begin` or later. */
function findFirst(nodes: readonly KnownNode[], begin: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { level, index } = nodes[middle]!;
    if (index * 2 ** level < begin) low = middle + 1;
    else high = middle;
  }
  return low;
}
