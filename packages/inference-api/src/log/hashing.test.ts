import { randomBytes } from 'node:crypto';
import { hashChildren, hashLeaf, newLogSigner, toHex } from '@testigo/trail';
import { describe, expect, it } from 'vitest';
import { hashPair, hashRecordBytes } from './hashing.ts';
import { newNativeLogSigner } from './note-signer.ts';

describe("the sequencer's cryptography", () => {
  it('hashes as the trail package does', () => {
    for (const length of [0, 1, 31, 32, 55, 56, 63, 64, 65, 900, 65_535]) {
      const bytes = randomBytes(length);
      expect(toHex(hashRecordBytes(bytes))).toBe(toHex(hashLeaf(bytes)));
    }
    const [left, right] = [randomBytes(32), randomBytes(32)];
    expect(toHex(hashPair(left, right))).toBe(toHex(hashChildren(left, right)));
  });

  it('signs as the trail package does', () => {
    for (let round = 0; round < 5; round++) {
      const identity = { name: 'log.example.org', secretKey: new Uint8Array(randomBytes(32)) };
      const [native, pure] = [newNativeLogSigner(identity), newLogSigner(identity)];
      const body = randomBytes(100);
      expect(toHex(native.sign(body))).toBe(toHex(pure.sign(body)));
      expect(toHex(native.keyHash)).toBe(toHex(pure.keyHash));
    }
  });
});
