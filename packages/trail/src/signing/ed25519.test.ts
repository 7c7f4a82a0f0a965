import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { fromHex, toHex } from '../encoding/text.ts';
import { keyPairOf, signBytes, verifySignature } from './ed25519.ts';

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const message = fc.uint8Array({ maxLength: 200 });
const nodeKey = (secretKey: Uint8Array) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretKey]),
    format: 'der',
    type: 'pkcs8',
  });

describe('Ed25519', () => {
  test('has the first test vector of RFC 8032, section 7.1', () => {
    const secretKey = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
    expect(toHex(keyPairOf(secretKey).publicKey)).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    expect(toHex(signBytes(new Uint8Array(0), secretKey))).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
  });

  test('agrees with Node', () => {
    fc.assert(
      fc.property(seed, message, (secretKey, m) => {
        const signature = signBytes(m, secretKey);
        expect(Buffer.from(signature)).toEqual(sign(null, m, nodeKey(secretKey)));
        expect(verify(null, m, createPublicKey(nodeKey(secretKey)), signature)).toBe(true);
        expect(verifySignature(signature, m, keyPairOf(secretKey).publicKey)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('a changed bit in the message, signature or key is no signature', () => {
    fc.assert(
      fc.property(seed, message, fc.nat(), (secretKey, m, at) => {
        const flip = (bytes: Uint8Array): Uint8Array => {
          const copy = bytes.slice();
          copy[at % copy.length] = copy[at % copy.length]! ^ (1 << (at % 8));
          return copy;
        };
        const { publicKey } = keyPairOf(secretKey);
        const signature = signBytes(m, secretKey);
        expect(verifySignature(flip(signature), m, publicKey)).toBe(false);
        expect(verifySignature(signature, m, flip(publicKey))).toBe(false);
        if (m.length > 0) expect(verifySignature(signature, flip(m), publicKey)).toBe(false);
      }),
      { numRuns: 25 },
    );
  });

  test('is strict: no malleable scalar, no key of small order, no point outside its one encoding', () => {
    const secretKey = new Uint8Array(32).fill(1);
    const { publicKey } = keyPairOf(secretKey);
    const m = Uint8Array.of(1);
    const signature = signBytes(m, secretKey);
    const order = ed25519.Point.Fn.ORDER;
    let s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
    const malleable = signature.slice();
    for (let i = 32; i < 64; i++, s >>= 8n) malleable[i] = Number(s & 0xffn);
    expect(verifySignature(malleable, m, publicKey)).toBe(false);

    // The neutral element signs everything with R = neutral, S = 0 under a lax verifier.
    const neutral = new Uint8Array(32);
    neutral[0] = 1;
    expect(verifySignature(new Uint8Array([...neutral, ...new Uint8Array(32)]), m, neutral)).toBe(false);
    // y = p + 1 is the neutral element's second encoding.
    const secondForm = fromHex(`ee${'ff'.repeat(30)}7f`);
    expect(verifySignature(new Uint8Array([...secondForm, ...new Uint8Array(32)]), m, secondForm)).toBe(
      false,
    );
  });

  test('malformed lengths are no signature, and malformed secret keys are refused', () => {
    const { publicKey } = keyPairOf(new Uint8Array(32));
    expect(verifySignature(new Uint8Array(63), new Uint8Array(0), publicKey)).toBe(false);
    expect(verifySignature(new Uint8Array(64), new Uint8Array(0), publicKey.slice(1))).toBe(false);
    expect(
      verifySignature(new Uint8Array(64).fill(0xff), new Uint8Array(0), new Uint8Array(32).fill(0xff)),
    ).toBe(false);
    expectCode('bad-key', () => keyPairOf(new Uint8Array(31)));
    expectCode('bad-key', () => signBytes(new Uint8Array(0), new Uint8Array(33)));
  });
});
