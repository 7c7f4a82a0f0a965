import { createHash } from 'node:crypto';

// A log whose leaves are all alike has one hash for each size of subtree, so roots and proofs of logs of any size
// (2^40 and beyond) come out in microseconds. Gas depends on the shape of a proof, not on what its hashes say.

const LEAF = createHash('sha256')
  .update(Buffer.from([0]))
  .digest('hex');

const hashPair = (left: string, right: string): string =>
  createHash('sha256')
    .update(Buffer.from(`01${left}${right}`, 'hex'))
    .digest('hex');

const roots = new Map<number, string>([[1, LEAF]]);

const splitOf = (size: number): number => {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
};

const rootOf = (size: number): string => {
  const known = roots.get(size);
  if (known !== undefined) return known;
  const split = splitOf(size);
  const root = hashPair(rootOf(split), rootOf(size - split));
  roots.set(size, root);
  return root;
};

const subproof = (old: number, size: number, isComplete: boolean): string[] => {
  if (old === size) return isComplete ? [] : [rootOf(size)];
  const split = splitOf(size);
  return old <= split
    ? [...subproof(old, split, isComplete), rootOf(size - split)]
    : [...subproof(old - split, size - split, false), rootOf(split)];
};

const path = (index: number, size: number): string[] => {
  if (size === 1) return [];
  const split = splitOf(size);
  return index < split
    ? [...path(index, split), rootOf(size - split)]
    : [...path(index - split, size - split), rootOf(split)];
};

const prefixed = (hash: string): string => `0x${hash}`;

export const uniformLeaf = prefixed(LEAF);
export const uniformRoot = (size: number): string => prefixed(rootOf(size));
export const uniformConsistency = (old: number, size: number): string[] =>
  old === 0 ? [] : subproof(old, size, true).map(prefixed);
export const uniformInclusion = (index: number, size: number): string[] => path(index, size).map(prefixed);
