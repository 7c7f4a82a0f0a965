// A tree as RFC 6962 section 2.1 defines it, with every subtree hash computed once. Independent of src/log/proof.ts.
import { EMPTY_ROOT, type Hash, hashChildren, hashLeaf, utf8 } from '../src/index.ts';

export interface ReferenceTree {
  readonly leaves: readonly Hash[];
  /** MTH(D[begin:end]). */
  subtree(begin: number, end: number): Hash;
  /** PATH(index, D[0:size]). */
  path(index: number, size: number): Hash[];
  /** PROOF(size1, D[0:size2]). */
  proof(size1: number, size2: number): Hash[];
}

const split = (n: number): number => {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
};

export function referenceTree(
  size: number,
  leafOf = (i: number) => hashLeaf(utf8(`leaf ${i}`)),
): ReferenceTree {
  const leaves = Array.from({ length: size }, (_, i) => leafOf(i));
  const known = new Map<number, Hash>();
  function subtree(begin: number, end: number): Hash {
    if (begin === end) return EMPTY_ROOT;
    if (end - begin === 1) return leaves[begin]!;
    const key = begin * 65_536 + end;
    const hit = known.get(key);
    if (hit) return hit;
    const middle = begin + split(end - begin);
    const hash = hashChildren(subtree(begin, middle), subtree(middle, end));
    known.set(key, hash);
    return hash;
  }
  function path(m: number, begin: number, end: number): Hash[] {
    if (end - begin === 1) return [];
    const middle = begin + split(end - begin);
    return m < middle
      ? [...path(m, begin, middle), subtree(middle, end)]
      : [...path(m, middle, end), subtree(begin, middle)];
  }
  function subproof(m: number, begin: number, end: number, whole: boolean): Hash[] {
    if (m === end) return whole ? [] : [subtree(begin, end)];
    const middle = begin + split(end - begin);
    return m <= middle
      ? [...subproof(m, begin, middle, whole), subtree(middle, end)]
      : [...subproof(m, middle, end, false), subtree(begin, middle)];
  }
  return {
    leaves,
    subtree,
    path: (index, n) => path(index, 0, n),
    proof: (size1, size2) => (size1 === 0 || size1 === size2 ? [] : subproof(size1, 0, size2, true)),
  };
}
