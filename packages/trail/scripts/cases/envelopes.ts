import {
  DATASET_PAYLOAD_TYPE,
  encodeDatasetManifest,
  keyIdOf,
  keyPairOf,
  signDsse,
  toBase64,
  toHex,
  utf8,
} from '../../src/index.ts';
import { DATASET } from '../../test/manifests.ts';
import type { VectorCase, VectorFile } from './case.ts';

export function envelopes(): VectorFile {
  const secret = (n: number): Uint8Array => new Uint8Array(32).fill(n);
  const publicKey = (n: number): string => toHex(keyPairOf(secret(n)).publicKey);
  const id = (n: number): string => keyIdOf(keyPairOf(secret(n)).publicKey);
  const type = DATASET_PAYLOAD_TYPE;
  const payload = encodeDatasetManifest(DATASET);
  const envelope = signDsse(type, payload, secret(1));
  const [signature] = envelope.signatures as [(typeof envelope.signatures)[number]];
  const valid = (
    name: string,
    value: object,
    keys: readonly number[],
    signers: readonly number[],
  ): VectorCase => ({
    name,
    valid: true,
    envelope: JSON.stringify(value),
    payloadType: type,
    publicKeys: keys.map(publicKey),
    verifiedBy: signers.map(id),
  });
  const invalid = (name: string, value: unknown): VectorCase => ({
    name,
    valid: false,
    envelope: typeof value === 'string' ? value : JSON.stringify(value),
    payloadType: type,
    publicKeys: [publicKey(1)],
  });
  const many = Array.from({ length: 16 }, () => signature);
  return {
    name: 'envelopes',
    about:
      'docs/spec/dataset-manifest.md, "Envelope". Valid: well-formed and of this payload type; verifiedBy lists the given keys that signed.',
    cases: [
      valid('signed by the key', envelope, [1], [1]),
      valid('no key given', envelope, [], []),
      valid('another key given', envelope, [2], []),
      valid('two signatures, one key given', signDsse(type, payload, secret(1), secret(2)), [2], [2]),
      valid('two signatures, two keys given', signDsse(type, payload, secret(1), secret(2)), [2, 1], [2, 1]),
      valid('a key given twice counts once', envelope, [1, 1], [1]),
      valid(
        'a wrong key id is only a hint',
        { ...envelope, signatures: [{ ...signature, keyid: id(2) }] },
        [1, 2],
        [1],
      ),
      valid('16 signatures', { ...envelope, signatures: many }, [1], [1]),
      valid('an empty payload', signDsse(type, new Uint8Array(0), secret(1)), [1], [1]),
      valid('a payload that was changed', { ...envelope, payload: toBase64(utf8('{}')) }, [1], []),
      valid(
        'a signature that was changed',
        { ...envelope, signatures: [{ ...signature, sig: toBase64(new Uint8Array(64)) }] },
        [1],
        [],
      ),
      valid(
        'signed under another payload type',
        { ...signDsse('text/plain', payload, secret(1)), payloadType: type },
        [1],
        [],
      ),
      valid(
        'other order and spaces',
        { signatures: envelope.signatures, payload: envelope.payload, payloadType: type },
        [1],
        [1],
      ),
      invalid('another payload type', signDsse('text/plain', payload, secret(1))),
      invalid('no signature', { ...envelope, signatures: [] }),
      invalid('17 signatures', { ...envelope, signatures: [...many, signature] }),
      invalid('a signature without a key id', { ...envelope, signatures: [{ sig: signature.sig }] }),
      invalid('an unknown field', { ...envelope, extra: 1 }),
      invalid('a payload that is no base64', { ...envelope, payload: '!' }),
      invalid('a URL-safe payload', { ...envelope, payload: '__8=' }),
      invalid('a signature that is no base64', { ...envelope, signatures: [{ ...signature, sig: 'A' }] }),
      invalid('a payload that is an object', { ...envelope, payload: {} }),
      invalid('a list', [envelope]),
      invalid('null', null),
      invalid('no JSON', '{"payload":'),
    ],
  };
}
