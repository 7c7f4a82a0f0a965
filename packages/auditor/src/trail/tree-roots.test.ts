import { computeRoot, hashChildren, hashLeaf } from '@testigo/trail';
import { describe, expect, it } from 'vitest';
import { hashLeafFast, hashNode, rootOfLeaves } from './tree-roots.ts';

const bytesOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the fast hashes are the ones that every verifier agrees on', () => {
  it.each([0, 1, 31, 55, 56, 63, 64, 65, 851, 65_534, 65_535, 65_536, 200_000])(
    'of a leaf of %i bytes',
    (length) => {
      const record = bytesOf(length, length);
      expect(hexOf(hashLeafFast(record))).toBe(hexOf(hashLeaf(record)));
    },
  );

  it('of two children, whatever was hashed before', () => {
    for (let seed = 0; seed < 300; seed++) {
      const [left, right] = [hashLeaf(bytesOf(5, seed)), hashLeaf(bytesOf(7, seed))];
      expect(hexOf(hashNode(left, right))).toBe(hexOf(hashChildren(left, right)));
    }
  });

  it('of nothing but two children of 32 bytes: what was hashed before must not fill them up', () => {
    const [short, whole] = [new Uint8Array(31), new Uint8Array(32)];
    expect(() => hashNode(short, whole)).toThrow(RangeError);
    expect(() => hashNode(whole, new Uint8Array(33))).toThrow(RangeError);
  });

  it('and stay what they were while others are made', () => {
    const records = Array.from({ length: 600 }, (_, seed) => bytesOf(900 - seed, seed));
    const hashes = records.map(hashLeafFast);
    expect(hashes.map(hexOf)).toEqual(records.map((record) => hexOf(hashLeaf(record))));
    expect(hexOf(rootOfLeaves(Buffer.concat(hashes), 0, 600))).toBe(hexOf(computeRoot(hashes)));
  });
});
