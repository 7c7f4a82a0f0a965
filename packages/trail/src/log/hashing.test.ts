import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../encoding/text.ts';
import { EMPTY_ROOT, hashChildren, hashLeaf, sha256 } from './hashing.ts';

const hex = (...parts: Uint8Array[]): string =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex');

describe('log hashing', () => {
  test('has the published values for nothing and for the empty leaf', () => {
    expect(toHex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(hashLeaf(new Uint8Array(0)))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  test('agrees with Node on every input', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(bytes, hash, hash, (b, l, r) => {
        expect(toHex(sha256(b))).toBe(hex(b));
        expect(toHex(hashLeaf(b))).toBe(hex(Uint8Array.of(0), b));
        expect(toHex(hashChildren(l, r))).toBe(hex(Uint8Array.of(1), l, r));
      }),
    );
  });
});
