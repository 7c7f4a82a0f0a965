import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { referenceTree } from '../../test/tree.ts';
import type { Hash } from './hashing.ts';
import { proveConsistency, proveConsistencyFrom, proveInclusion, proveInclusionFrom } from './proof.ts';
import { appendToRange, emptyRange, rootOfRange } from './range.ts';
import { verifyConsistency, verifyInclusion } from './verify.ts';

const MAX = 512;
const tree = referenceTree(MAX);
const rootAt = (size: number): Hash => tree.subtree(0, size);
const readNode = (level: number, index: number): Hash =>
  tree.subtree(index * 2 ** level, (index + 1) * 2 ** level);

describe(`RFC 9162, every size up to ${MAX}`, () => {
  test('roots grow as the definition says', () => {
    let range = emptyRange();
    for (let size = 0; size <= MAX; size++) {
      expect(rootOfRange(range)).toEqual(rootAt(size));
      if (size < MAX) range = appendToRange(range, tree.leaves[size]!);
    }
  });

  test('every inclusion proof verifies', () => {
    const failures: string[] = [];
    for (let size = 1; size <= MAX; size++) {
      for (let index = 0; index < size; index++) {
        const claim = { leafHash: tree.leaves[index]!, index, size, root: rootAt(size) };
        if (!verifyInclusion({ ...claim, proof: tree.path(index, size) })) failures.push(`${index}/${size}`);
      }
    }
    expect(failures).toEqual([]);
  });

  test('every consistency proof verifies', () => {
    const failures: string[] = [];
    for (let size2 = 0; size2 <= MAX; size2++) {
      for (let size1 = 0; size1 <= size2; size1++) {
        const claim = { size1, size2, root1: rootAt(size1), root2: rootAt(size2) };
        if (!verifyConsistency({ ...claim, proof: tree.proof(size1, size2) }))
          failures.push(`${size1}/${size2}`);
      }
    }
    expect(failures).toEqual([]);
  });
});

describe('proof generation', () => {
  test('from stored perfect subtrees gives the proofs of the definition', async () => {
    for (const size of [1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 64, 66, 255, 256, 257, 300, 511, 512]) {
      for (let i = 0; i < size; i++) {
        expect(await proveInclusionFrom(readNode, i, size)).toEqual(tree.path(i, size));
        expect(await proveConsistencyFrom(readNode, i, size)).toEqual(tree.proof(i, size));
      }
    }
  });

  test('from all the leaves gives the same', () => {
    for (const size of [1, 2, 7, 8, 21, 64, 66]) {
      const leaves = tree.leaves.slice(0, size);
      for (let i = 0; i < size; i++) {
        expect(proveInclusion(leaves, i)).toEqual(tree.path(i, size));
        expect(proveConsistency(leaves, i)).toEqual(tree.proof(i, size));
      }
      expect(proveConsistency(leaves, size)).toEqual([]);
    }
  });

  test('asks for the right nodes in the largest logs, where floating-point logarithms round', async () => {
    for (const size of [2 ** 40 + 1, 2 ** 49 + 1, 2 ** 52 + 1, Number.MAX_SAFE_INTEGER]) {
      const asked: (readonly [number, number])[] = [];
      const proof = await proveInclusionFrom(
        (level, index) => {
          asked.push([level, index]);
          expect((index + 1) * 2 ** level).toBeLessThanOrEqual(size);
          return tree.leaves[0]!;
        },
        0,
        size,
      );
      // Leaf 0 sits below a perfect left subtree of half the tree or more, then one node for all the rest.
      const height = proof.length - 1;
      expect(2 ** height).toBeLessThan(size);
      expect(2 ** (height + 1)).toBeGreaterThanOrEqual(size);
      for (let level = 0; level < height; level++) expect(asked).toContainEqual([level, 1]);
    }
  });

  test('refuses what is not in the log, and readers that give no hash', async () => {
    expectCode('bad-index', () => proveInclusion(tree.leaves, MAX));
    expectCode('bad-index', () => proveInclusion([], 0));
    expectCode('bad-index', () => proveConsistency(tree.leaves, MAX + 1));
    expectCode('bad-index', () => proveConsistency(tree.leaves, -1));
    await expect(proveInclusionFrom(readNode, 1.5, 3)).rejects.toMatchObject({ code: 'bad-index' });
    await expect(proveConsistencyFrom(readNode, 4, 3)).rejects.toMatchObject({ code: 'bad-index' });
    await expect(proveInclusionFrom(() => new Uint8Array(31), 0, 2)).rejects.toMatchObject({
      code: 'bad-tile',
    });
    await expect(proveInclusionFrom(() => undefined as unknown as Hash, 0, 2)).rejects.toMatchObject({
      code: 'bad-tile',
    });
  });
});
