import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { fromHex, keyPairOf, sha256, signBytes, toHex, utf8 } from '../../src/index.ts';
import { flipBit, hexOf, pick, type VectorCase, type VectorFile } from './case.ts';

const secret = (seed: string): Uint8Array => sha256(utf8(`secret ${seed}`));

const L = ed25519.Point.Fn.ORDER;
const littleEndian = (n: bigint): string =>
  toHex(Uint8Array.from({ length: 32 }, (_, i) => Number((n >> BigInt(8 * i)) & 0xffn)));
const numberOf = (bytes: Uint8Array): bigint => bytes.reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n);

/** Signatures of a key that has a part of small order: valid only where the equation is multiplied by the cofactor. */
function mixedOrder(): VectorCase {
  const torsion = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const a = 123_456_789n;
  const publicKey = ed25519.Point.BASE.multiply(a).add(torsion).toBytes();
  const r = 987_654_321n;
  const R = ed25519.Point.BASE.multiply(r).toBytes();
  const message = utf8('mixed order');
  const k = sha512Mod(R, publicKey, message);
  const S = (r + k * a) % L;
  return {
    name: 'a key of mixed order, verified with the cofactor',
    valid: true,
    publicKey: toHex(publicKey),
    message: toHex(message),
    signature: toHex(R) + littleEndian(S),
  };
}

function sha512Mod(...parts: readonly Uint8Array[]): bigint {
  const hash = sha512.create();
  for (const part of parts) hash.update(part);
  return numberOf(hash.digest()) % L;
}

export function signatures(): VectorFile {
  const good = Array.from({ length: 30 }, (_, i): VectorCase => {
    const secretKey = secret(`signature ${i}`);
    const message = Uint8Array.from({ length: pick(`length ${i}`, 200) * (i % 2) }, (_x, j) =>
      pick(`${i} ${j}`, 256),
    );
    return {
      name: `key ${i}, ${message.length} bytes`,
      valid: true,
      publicKey: toHex(keyPairOf(secretKey).publicKey),
      message: toHex(message),
      signature: toHex(signBytes(message, secretKey)),
    };
  });
  const rfc8032: VectorCase = {
    name: 'RFC 8032 section 7.1, test 2',
    valid: true,
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  };
  const base = good[1]! as VectorCase & { publicKey: string; message: string; signature: string };
  const R = base.signature.slice(0, 64);
  const s = numberOf(fromHex(base.signature.slice(64)));
  const change = (name: string, fields: object): VectorCase => ({ ...base, ...fields, name, valid: false });
  const neutral = `01${'00'.repeat(31)}`;
  const zero = '00'.repeat(32);
  return {
    name: 'signatures',
    about:
      'Ed25519 as docs/spec/checkpoint.md demands it: RFC 8032 section 5.1.7 with the cofactor, canonical encodings, no key of small order.',
    cases: [
      rfc8032,
      ...good,
      mixedOrder(),
      change('another message', { message: `${base.message}00` }),
      change('another key', { publicKey: good[2]!.publicKey }),
      ...[0, 100, 255, 256, 300, 500].map((bit) =>
        change(`bit ${bit} flipped`, { signature: flipBit(base.signature, bit) }),
      ),
      change('S + L', { signature: R + littleEndian(s + L) }),
      change('S = L', { signature: R + littleEndian(L) }),
      change('S = 0', { signature: R + zero }),
      change('the halves swapped', { signature: base.signature.slice(64) + R }),
      change('all zero', { signature: zero + zero }),
      change('63 bytes', { signature: base.signature.slice(2) }),
      change('65 bytes', { signature: `${base.signature}00` }),
      change('no signature', { signature: '' }),
      change('a key of 31 bytes', { publicKey: base.publicKey.slice(2) }),
      change('the neutral element as the key', { publicKey: neutral, signature: neutral + zero }),
      change('the neutral element, encoded as p + 1', {
        publicKey: `ee${'ff'.repeat(30)}7f`,
        signature: neutral + zero,
      }),
      change('the neutral element with a negative zero', {
        publicKey: `01${'00'.repeat(30)}80`,
        signature: neutral + zero,
      }),
      change('a key of order 2', { publicKey: `ec${'ff'.repeat(30)}7f`, signature: neutral + zero }),
      change('a key of order 4', { publicKey: zero, signature: neutral + zero }),
      change('a key of order 8', {
        publicKey: '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
        signature: neutral + zero,
      }),
      change('R encoded as p + 1', { signature: `ee${'ff'.repeat(30)}7f${base.signature.slice(64)}` }),
      change('a key that is no point', { publicKey: `02${'00'.repeat(31)}` }),
      change('R that is no point', { signature: `02${'00'.repeat(31)}${base.signature.slice(64)}` }),
      change('a text as the key', { publicKey: hexOf('x'.repeat(32)) }),
    ],
  };
}
