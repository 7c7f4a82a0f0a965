// The forgeries that a verifier must refuse, each by its name.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceTree } from '../../test/tree.ts';
import { utf8 } from '../encoding/text.ts';
import { EMPTY_ROOT, type Hash, hashChildren, hashLeaf } from './hashing.ts';
import { computeRoot, verifyConsistency, verifyInclusion } from './verify.ts';

const tree = referenceTree(130);
const rootAt = (size: number): Hash => tree.subtree(0, size);
const forged = hashLeaf(utf8('forged'));

const inclusion = (index: number, size: number) => ({
  leafHash: tree.leaves[index]!,
  index,
  size,
  proof: tree.path(index, size),
  root: rootAt(size),
});
const consistency = (size1: number, size2: number) => ({
  size1,
  size2,
  root1: rootAt(size1),
  root2: rootAt(size2),
  proof: tree.proof(size1, size2),
});

describe('an inclusion proof', () => {
  test('verifies for its own leaf, place and size only', () => {
    for (let size = 1; size <= 40; size++) {
      for (let index = 0; index < size; index++) {
        const claim = inclusion(index, size);
        expect(verifyInclusion(claim)).toBe(true);
        for (let other = 0; other < size; other++)
          if (other !== index) expect(verifyInclusion({ ...claim, index: other })).toBe(false);
        expect(verifyInclusion({ ...claim, leafHash: forged })).toBe(false);
        expect(verifyInclusion({ ...claim, root: forged })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...claim.proof, forged] })).toBe(false);
        if (size > 1) {
          expect(verifyInclusion({ ...claim, proof: claim.proof.slice(1) })).toBe(false);
          expect(verifyInclusion({ ...claim, proof: claim.proof.slice(0, -1) })).toBe(false);
        }
      }
    }
  });

  test('fails for any changed hash', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 129 }), fc.nat(), fc.nat(), fc.nat(), (last, i, at, bit) => {
        const size = last + 1;
        const claim = inclusion(i % size, size);
        const proof = claim.proof.map((hash) => hash.slice());
        const hash = proof[at % proof.length]!;
        hash[bit % 32] = hash[bit % 32]! ^ (1 << (bit % 8));
        expect(verifyInclusion({ ...claim, proof })).toBe(false);
      }),
    );
  });

  test('does not take an inner node for a leaf, or a leaf for an inner node', () => {
    const node = hashChildren(tree.leaves[0]!, tree.leaves[1]!);
    const root4 = rootAt(4);
    const upper = [hashChildren(tree.leaves[2]!, tree.leaves[3]!)];
    // The node as a leaf of a log of 2 has the root of the log of 4: only the size that a signature binds tells.
    expect(verifyInclusion({ leafHash: node, index: 0, size: 4, proof: upper, root: root4 })).toBe(false);
    // A record made of two hashes cannot pose as their parent: the prefixes differ.
    const record = new Uint8Array(64);
    record.set(tree.leaves[0]!);
    record.set(tree.leaves[1]!, 32);
    expect(hashLeaf(record)).not.toEqual(node);
    expect(
      verifyInclusion({ leafHash: hashLeaf(record), index: 0, size: 2, proof: upper, root: root4 }),
    ).toBe(false);
  });

  test('binds identity to place: two records with swapped proofs both fail', () => {
    const [a, b] = [inclusion(5, 9), inclusion(6, 9)];
    expect(verifyInclusion({ ...a, leafHash: b.leafHash })).toBe(false);
    expect(verifyInclusion({ ...b, proof: a.proof })).toBe(false);
    expect(verifyInclusion({ ...a, index: b.index })).toBe(false);
  });

  test('is false, never an exception, for a malformed claim', () => {
    const claim = inclusion(2, 7);
    for (const bad of [
      { index: -1 },
      { index: 0.5 },
      { index: Number.NaN },
      { index: 7 },
      { size: 0 },
      { size: 2 ** 53 },
      { leafHash: new Uint8Array(31) },
      { leafHash: 'x' as unknown as Hash },
      { root: new Uint8Array(33) },
      { proof: [new Uint8Array(3)] },
      { proof: undefined as unknown as Hash[] },
      { proof: new Array(3) as Hash[] },
      { proof: Array.from({ length: 64 }, () => forged) },
    ]) {
      expect(verifyInclusion({ ...claim, ...bad })).toBe(false);
    }
  });
});

describe('a consistency proof', () => {
  test('verifies for its own sizes and roots only', () => {
    for (let size2 = 1; size2 <= 40; size2++) {
      for (let size1 = 0; size1 <= size2; size1++) {
        const claim = consistency(size1, size2);
        expect(verifyConsistency(claim)).toBe(true);
        expect(verifyConsistency({ ...claim, root1: forged })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...claim.proof, forged] })).toBe(false);
        if (size1 > 0) expect(verifyConsistency({ ...claim, root2: forged })).toBe(false);
        if (claim.proof.length > 0) {
          expect(verifyConsistency({ ...claim, proof: claim.proof.slice(1) })).toBe(false);
          expect(verifyConsistency({ ...claim, proof: claim.proof.slice(0, -1) })).toBe(false);
          expect(verifyConsistency({ ...claim, proof: [] })).toBe(false);
        }
      }
    }
  });

  test('refuses a fork of equal size', () => {
    const claim = consistency(9, 9);
    expect(verifyConsistency({ ...claim, root2: forged })).toBe(false);
    expect(verifyConsistency({ ...claim, root1: forged, root2: forged })).toBe(true); // one head, whatever it is
    expect(verifyConsistency({ ...claim, proof: [forged] })).toBe(false);
  });

  test('refuses a rollback: a truncated tail is not an extension', () => {
    const claim = consistency(5, 9);
    expect(verifyConsistency({ ...claim, size1: 9, size2: 5, root1: claim.root2, root2: claim.root1 })).toBe(
      false,
    );
  });

  test('starts from the empty log only with the empty root and no proof', () => {
    const claim = consistency(0, 9);
    expect(verifyConsistency(claim)).toBe(true);
    expect(verifyConsistency({ ...claim, root1: forged })).toBe(false);
    expect(verifyConsistency({ ...claim, proof: [forged] })).toBe(false);
    expect(verifyConsistency({ ...claim, size2: 0, root2: EMPTY_ROOT })).toBe(true);
    expect(verifyConsistency({ ...claim, size2: 0, root1: forged, root2: forged })).toBe(false);
  });

  test.each([
    ['a record was removed', (leaves: Hash[]) => leaves.splice(3, 1)],
    ['a record was changed', (leaves: Hash[]) => leaves.splice(3, 1, forged)],
    ['two records were swapped', (leaves: Hash[]) => leaves.splice(3, 2, leaves[4]!, leaves[3]!)],
    ['a record was doubled', (leaves: Hash[]) => leaves.splice(3, 0, leaves[3]!)],
    ['a batch was reordered', (leaves: Hash[]) => leaves.push(...leaves.splice(2, 4))],
  ])('does not exist once %s before the old head', (_, tamper) => {
    const leaves = tree.leaves.slice(0, 20);
    tamper(leaves);
    const other = referenceTree(leaves.length, (i) => leaves[i]!);
    const claim = {
      size1: 10,
      size2: leaves.length,
      root1: rootAt(10),
      root2: computeRoot(leaves),
    };
    expect(verifyConsistency({ ...claim, proof: other.proof(10, leaves.length) })).toBe(false);
    if (leaves.length === 20) expect(verifyConsistency({ ...claim, proof: tree.proof(10, 20) })).toBe(false);
  });

  test('cannot skip the path, as a linear proof could (CVE-2022-36111 in another log)', () => {
    // Only the newest node, chained onto the old root: what a linear-proof verifier that skips steps would accept.
    const root2 = hashChildren(rootAt(8), forged);
    expect(verifyConsistency({ size1: 8, size2: 9, root1: rootAt(8), root2, proof: [forged] })).toBe(true);
    expect(verifyConsistency({ size1: 8, size2: 25, root1: rootAt(8), root2, proof: [forged] })).toBe(false);
    expect(verifyConsistency({ size1: 7, size2: 9, root1: rootAt(8), root2, proof: [forged] })).toBe(false);
    expect(verifyConsistency({ size1: 1, size2: 9, root1: rootAt(8), root2, proof: [forged] })).toBe(false);
  });

  test('is false, never an exception, for a malformed claim', () => {
    const claim = consistency(5, 9);
    for (const bad of [
      { size1: -1 },
      { size1: 5.5 },
      { size2: Number.NaN },
      { size2: 2 ** 53 },
      { root1: new Uint8Array(0) },
      { root2: null as unknown as Hash },
      { proof: null as unknown as Hash[] },
      { proof: Array.from({ length: 64 }, () => forged) },
    ]) {
      expect(verifyConsistency({ ...claim, ...bad })).toBe(false);
    }
  });
});
