import { createHash } from 'node:crypto';

// An independent reading of RFC 6962 section 2.1: the recursive definitions of MTH, PATH and SUBPROOF, written down as
// they stand. Deliberately shares no code with the contract (which follows the iterative verifiers of RFC 9162) nor
// with the trail package.

type Leaves = readonly string[];

const sha256 = (...parts: string[]): string =>
  `0x${createHash('sha256')
    .update(Buffer.from(parts.map((part) => part.replace(/^0x/, '')).join(''), 'hex'))
    .digest('hex')}`;

export const hashLeaf = (record: string): string => sha256('00', Buffer.from(record, 'utf8').toString('hex'));

export const hashPair = (left: string, right: string): string => sha256('01', left, right);

/** The largest power of two smaller than n. */
const splitOf = (n: number): number => 2 ** (31 - Math.clz32(n - 1));

/** A tree that remembers the hash of every subtree it was asked for. */
export class ReferenceTree {
  readonly leaves: Leaves;
  readonly #memo = new Map<number, string>();

  constructor(leaves: Leaves) {
    this.leaves = leaves;
  }

  static ofSize(size: number, salt = ''): ReferenceTree {
    return new ReferenceTree(Array.from({ length: size }, (_, index) => hashLeaf(`${salt}${index}`)));
  }

  root(size = this.leaves.length): string {
    return size === 0 ? sha256('') : this.#mth(0, size);
  }

  /** PATH(index, D[0:size]) */
  inclusion(index: number, size = this.leaves.length): string[] {
    return this.#path(index, 0, size);
  }

  /** PROOF(size1, D[0:size2]) */
  consistency(size1: number, size2 = this.leaves.length): string[] {
    return size1 === 0 || size1 === size2 ? [] : this.#subproof(size1, 0, size2, true);
  }

  #mth(start: number, end: number): string {
    const size = end - start;
    if (size === 1) return this.leaves[start] as string;
    const key = start * 2 ** 24 + end;
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const split = start + splitOf(size);
    const hash = hashPair(this.#mth(start, split), this.#mth(split, end));
    this.#memo.set(key, hash);
    return hash;
  }

  #path(index: number, start: number, end: number): string[] {
    const size = end - start;
    if (size === 1) return [];
    const split = start + splitOf(size);
    return index < split
      ? [...this.#path(index, start, split), this.#mth(split, end)]
      : [...this.#path(index, split, end), this.#mth(start, split)];
  }

  #subproof(size1: number, start: number, end: number, isComplete: boolean): string[] {
    const size = end - start;
    if (size1 === size) return isComplete ? [] : [this.#mth(start, end)];
    const k = splitOf(size);
    const split = start + k;
    return size1 <= k
      ? [...this.#subproof(size1, start, split, isComplete), this.#mth(split, end)]
      : [...this.#subproof(size1 - k, split, end, false), this.#mth(start, split)];
  }
}
