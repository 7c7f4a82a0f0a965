import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { toBase64, toHex, utf8 } from '../encoding/text.ts';
import { keyIdOf, openDsse, parseDsse, signDsse } from './dsse.ts';
import { keyPairOf, signBytes } from './ed25519.ts';

const [alice, bob] = [1, 2].map((n) => keyPairOf(new Uint8Array(32).fill(n))) as [
  ReturnType<typeof keyPairOf>,
  ReturnType<typeof keyPairOf>,
];
const type = 'application/example';
const payload = utf8('hello world');
const envelope = signDsse(type, payload, alice.secretKey);

describe('DSSE', () => {
  test('signs the pre-authentication encoding of the protocol', () => {
    // protocol.md: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in bytes.
    const expected = signBytes(utf8('DSSEv1 19 application/example 11 hello world'), alice.secretKey);
    expect(envelope.signatures[0]?.sig).toBe(toBase64(expected));
    expect(envelope.signatures[0]?.keyid).toBe(keyIdOf(alice.publicKey));
  });

  test('opens with a key that signed it', () => {
    const opened = openDsse(parseDsse(JSON.parse(JSON.stringify(envelope))), type, [
      bob.publicKey,
      alice.publicKey,
    ]);
    expect(opened.payload).toEqual(payload);
    expect(opened.verifiedBy).toEqual([keyIdOf(alice.publicKey)]);
  });

  test('takes the key id for a hint only', () => {
    const hinted = {
      ...envelope,
      signatures: [{ ...envelope.signatures[0]!, keyid: keyIdOf(bob.publicKey) }],
    };
    expect(openDsse(hinted, type, [bob.publicKey]).verifiedBy).toEqual([]);
    expect(openDsse(hinted, type, [alice.publicKey]).verifiedBy).toEqual([keyIdOf(alice.publicKey)]);
  });

  test('counts signers, not pins or signatures', () => {
    const two = signDsse(type, payload, alice.secretKey, alice.secretKey, bob.secretKey);
    const opened = openDsse(two, type, [alice.publicKey, alice.publicKey, bob.publicKey]);
    expect(opened.verifiedBy).toEqual([keyIdOf(alice.publicKey), keyIdOf(bob.publicKey)]);
  });

  test('verifies nothing once the payload or the signature was changed', () => {
    const changed = { ...envelope, payload: toBase64(utf8('hello_world')) };
    expect(openDsse(changed, type, [alice.publicKey]).verifiedBy).toEqual([]);
    const signature = { ...envelope.signatures[0]!, sig: toBase64(new Uint8Array(64)) };
    expect(openDsse({ ...envelope, signatures: [signature] }, type, [alice.publicKey]).verifiedBy).toEqual(
      [],
    );
    expect(openDsse(envelope, type, []).verifiedBy).toEqual([]);
    expect(openDsse(envelope, type, [new Uint8Array(5)]).verifiedBy).toEqual([]);
  });

  test('refuses another payload type, and a payload signed under one does not move to another', () => {
    expectCode('bad-envelope', () => openDsse(envelope, 'application/other', [alice.publicKey]));
    const moved = { ...envelope, payloadType: 'application/other' };
    expect(openDsse(moved, 'application/other', [alice.publicKey]).verifiedBy).toEqual([]);
  });

  test('refuses malformed envelopes', () => {
    expectCode('bad-envelope', () => openDsse({ ...envelope, payload: '!' }, type, []));
    expectCode('bad-envelope', () => signDsse(type, payload));
    const signature = envelope.signatures[0]!;
    for (const bad of [
      null,
      [],
      {},
      { ...envelope, extra: 1 },
      { ...envelope, signatures: [] },
      { ...envelope, signatures: [{ sig: signature.sig }] },
      { ...envelope, signatures: [{ ...signature, extra: 1 }] },
      { ...envelope, signatures: new Array(17).fill(signature) },
      { ...envelope, payloadType: '' },
    ])
      expectCode('bad-envelope', () => parseDsse(bad));
  });

  test('names a key by the hash of its 32 bytes', () => {
    expect(keyIdOf(alice.publicKey)).toHaveLength(64);
    expect(keyIdOf(alice.publicKey)).not.toBe(toHex(alice.publicKey));
  });
});
