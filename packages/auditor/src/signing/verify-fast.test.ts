// The signature vectors of packages/trail, docs/spec/checkpoint.md: every verifier must agree on every case.
import { readFileSync } from 'node:fs';
import { fromHex, keyPairOf, signBytes, verifySignature } from '@testigo/trail';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { verifyFast } from './verify-fast.ts';

interface SignatureCase {
  readonly name: string;
  readonly valid: boolean;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

const path = new URL('../../../trail/vectors/signatures.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly SignatureCase[] };
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

test.each(cases)('$name: $valid', ({ publicKey, message, signature, valid }) => {
  expect(verifyFast(bytesOf(signature), bytesOf(message), bytesOf(publicKey))).toBe(valid);
});

// Every point of small order, in every encoding, with the signature (R = A or 0, S = 0) that lax verifiers take.
const SMALL = [
  ...['01', '00', 'ee', 'ed'].map((low) =>
    low < '10' ? `${low}${'00'.repeat(31)}` : `${low}${'ff'.repeat(30)}7f`,
  ),
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
];

test.each(SMALL)('accepts nothing under the key %s of small order, with either sign', (y) => {
  for (const key of [fromHex(y), fromHex(y).with(31, fromHex(y)[31]! | 0x80)]) {
    for (const r of SMALL) {
      const signature = new Uint8Array(64);
      signature.set(fromHex(r));
      for (let n = 0; n < 16; n++) expect(verifyFast(signature, Uint8Array.of(n), key)).toBe(false);
    }
  }
});

test('agrees with the portable verifier on good, bent and mixed-up signatures', () => {
  const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const message = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(seed, message, fc.nat(63), fc.nat(255), (secretKey, bytes, at, byte) => {
      const { publicKey } = keyPairOf(secretKey);
      const signature = signBytes(bytes, secretKey);
      expect(verifyFast(signature, bytes, publicKey)).toBe(true);
      const bent = signature.with(at, byte);
      expect(verifyFast(bent, bytes, publicKey)).toBe(verifySignature(bent, bytes, publicKey));
      const key = publicKey.with(at % 32, byte);
      expect(verifyFast(signature, bytes, key)).toBe(verifySignature(signature, bytes, key));
    }),
    { numRuns: 25 },
  );
});
