import { describe, expect, test } from 'vitest';
import { toHex, utf8 } from '../encoding/text.ts';
import { EMPTY_ROOT, type Hash, hashChildren, hashLeaf } from './hashing.ts';
import { proveConsistency, proveConsistencyFrom, proveInclusion, proveInclusionFrom } from './proof.ts';
import { computeRoot, verifyConsistency, verifyInclusion } from './verify.ts';

const leaves = Array.from({ length: 66 }, (_, i) => hashLeaf(utf8(`leaf ${i}`)));

// RFC 6962, section 2.1, written out as the recursive definition it is.
function rootByDefinition(tree: readonly Hash[]): Hash {
  if (tree.length === 0) return EMPTY_ROOT;
  if (tree.length === 1) return tree[0]!;
  const k = 2 ** (Math.ceil(Math.log2(tree.length)) - 1);
  return hashChildren(rootByDefinition(tree.slice(0, k)), rootByDefinition(tree.slice(k)));
}

const roots = Array.from({ length: 67 }, (_, n) => rootByDefinition(leaves.slice(0, n)));

const readNode = (level: number, index: number): Hash =>
  rootByDefinition(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));

describe('the Merkle log', () => {
  test('has the root that the definition gives, for every size', () => {
    for (let n = 0; n <= 66; n++) expect(toHex(computeRoot(leaves.slice(0, n)))).toBe(toHex(roots[n]!));
  });

  test('proves every leaf of every size, and nothing else', () => {
    for (let size = 1; size <= 66; size++) {
      for (let index = 0; index < size; index++) {
        const proof = proveInclusion(leaves.slice(0, size), index);
        const claim = { leafHash: leaves[index]!, index, size, proof, root: roots[size]! };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, index: (index + 1) % size })).toBe(size === 1);
        expect(verifyInclusion({ ...claim, leafHash: roots[0]! })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...proof, roots[0]!] })).toBe(false);
        if (proof.length > 0) expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false);
      }
    }
  });

  test('proves that each size extends each smaller one, and nothing else', () => {
    for (let size2 = 0; size2 <= 66; size2++) {
      for (let size1 = 0; size1 <= size2; size1++) {
        const proof = proveConsistency(leaves.slice(0, size2), size1);
        const claim = { size1, size2, root1: roots[size1]!, root2: roots[size2]!, proof };
        expect(verifyConsistency(claim)).toBe(true);
        expect(verifyConsistency({ ...claim, root1: hashLeaf(utf8('forged')) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...proof, roots[0]!] })).toBe(false);
        if (size1 > 0) expect(verifyConsistency({ ...claim, root2: hashLeaf(utf8('forged')) })).toBe(false);
      }
    }
  });

  test('reads the same proofs from stored perfect subtrees', async () => {
    for (const size of [1, 2, 3, 7, 8, 21, 33, 64, 66]) {
      for (let i = 0; i < size; i++) {
        expect(await proveInclusionFrom(readNode, i, size)).toEqual(proveInclusion(leaves.slice(0, size), i));
        expect(await proveConsistencyFrom(readNode, i, size)).toEqual(
          proveConsistency(leaves.slice(0, size), i),
        );
      }
    }
  });

  test('never throws on a malformed claim', () => {
    const proof = proveInclusion(leaves.slice(0, 7), 2);
    const claim = { leafHash: leaves[2]!, index: 2, size: 7, proof, root: roots[7]! };
    for (const bad of [
      { index: -1 },
      { index: 0.5 },
      { index: Number.NaN },
      { size: 2 ** 53 },
      { leafHash: new Uint8Array(31) },
      { root: new Uint8Array(33) },
      { proof: [new Uint8Array(3)] },
      { proof: Array.from({ length: 64 }, () => roots[0]!) },
    ]) {
      expect(verifyInclusion({ ...claim, ...bad })).toBe(false);
    }
  });
});
