import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { referenceTree } from '../../test/tree.ts';
import { toHex } from '../encoding/text.ts';
import type { Hash } from './hashing.ts';
import { appendToRange, type CompactRange, countPeaks, emptyRange, rootOfRange } from './range.ts';

const tree = referenceTree(300);

test('an append tells every perfect subtree that it completes, once', () => {
  const seen = new Map<string, Hash>();
  let range = emptyRange();
  for (const leaf of tree.leaves) {
    range = appendToRange(range, leaf, (level, index, hash) => {
      expect(seen.has(`${level}/${index}`)).toBe(false);
      seen.set(`${level}/${index}`, hash);
    });
    expect(rootOfRange(range)).toEqual(tree.subtree(0, range.size));
    expect(range.peaks).toHaveLength(countPeaks(range.size));
  }
  for (let level = 0; 2 ** level <= 300; level++) {
    for (let index = 0; (index + 1) * 2 ** level <= 300; index++) {
      const expected = tree.subtree(index * 2 ** level, (index + 1) * 2 ** level);
      expect(toHex(seen.get(`${level}/${index}`)!)).toBe(toHex(expected));
      seen.delete(`${level}/${index}`);
    }
  }
  expect(seen.size).toBe(0);
});

test('a range is a value: appending leaves the old one as it was', () => {
  const one = appendToRange(emptyRange(), tree.leaves[0]!);
  const two = appendToRange(one, tree.leaves[1]!);
  expect(one).toEqual({ size: 1, peaks: [tree.leaves[0]] });
  expect(appendToRange(one, tree.leaves[1]!)).toEqual(two);
});

test('peaks are counted beyond 32 bits', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (n) => countPeaks(n) === n.toString(2).replaceAll('0', '').length));
});

test.each([
  [{ size: 2, peaks: [] }],
  [{ size: 3, peaks: [tree.leaves[0]!] }],
  [{ size: Number.NaN, peaks: [] }],
  [{ size: -1, peaks: [] }],
  [{ size: 0.5, peaks: [] }],
] as [CompactRange][])('refuses the contradictory range %j', (range) => {
  expectCode('bad-index', () => appendToRange(range, tree.leaves[0]!));
});

test('refuses what is not a hash', () => {
  expectCode('bad-index', () => appendToRange(emptyRange(), new Uint8Array(31)));
});
