// DSSE v1 (https://github.com/secure-systems-lab/dsse): the signature covers the payload type too, so a signed
// dataset manifest can never be presented as something else.
import { z } from 'zod';
import { describeIssues } from '../encoding/issues.ts';
import { fromBase64, toBase64, toHex, utf8 } from '../encoding/text.ts';
import { TrailError } from '../errors.ts';
import { sha256 } from '../log/hashing.ts';
import { keyPairOf, type SignatureVerifier, signBytes, verifySignature } from './ed25519.ts';

const envelopeSchema = z.strictObject({
  payloadType: z.string().min(1).max(200),
  payload: z.string(),
  signatures: z
    .array(z.strictObject({ keyid: z.string(), sig: z.string() }))
    .min(1)
    .max(16),
});

export type DsseEnvelope = z.infer<typeof envelopeSchema>;

/** SHA-256 of the 32-byte Ed25519 public key, hex. */
export const keyIdOf = (publicKey: Uint8Array): string => toHex(sha256(publicKey));

// PAE, DSSE protocol.md: lengths in bytes, decimal.
function preAuthEncode(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  const head = utf8(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  const out = new Uint8Array(head.length + payload.length);
  out.set(head);
  out.set(payload, head.length);
  return out;
}

/** @throws TrailError `bad-envelope` without a key, `bad-key` for a malformed one */
export function signDsse(
  payloadType: string,
  payload: Uint8Array,
  ...secretKeys: readonly Uint8Array[]
): DsseEnvelope {
  if (secretKeys.length === 0)
    throw new TrailError('bad-envelope', 'An envelope has at least one signature.');
  const message = preAuthEncode(payloadType, payload);
  const signatures = secretKeys.map((secretKey) => ({
    keyid: keyIdOf(keyPairOf(secretKey).publicKey),
    sig: toBase64(signBytes(message, secretKey)),
  }));
  return { payloadType, payload: toBase64(payload), signatures };
}

/** @throws TrailError `bad-envelope` */
export function parseDsse(value: unknown): DsseEnvelope {
  const parsed = envelopeSchema.safeParse(value);
  if (!parsed.success) throw new TrailError('bad-envelope', describeIssues(parsed.error));
  return parsed.data;
}

export interface OpenedEnvelope {
  readonly payload: Uint8Array;
  /** Key ids among the given public keys whose signature verifies. */
  readonly verifiedBy: readonly string[];
}

/** The key id is only a hint: every given key is tried. @throws TrailError `bad-envelope` for another payload type or bad base64 */
export function openDsse(
  envelope: DsseEnvelope,
  payloadType: string,
  publicKeys: readonly Uint8Array[],
  verify: SignatureVerifier = verifySignature,
): OpenedEnvelope {
  if (envelope.payloadType !== payloadType)
    throw new TrailError('bad-envelope', `Its payload type is not ${payloadType}.`);
  let payload: Uint8Array;
  let signatures: Uint8Array[];
  try {
    payload = fromBase64(envelope.payload);
    signatures = envelope.signatures.map(({ sig }) => fromBase64(sig));
  } catch (cause) {
    throw new TrailError('bad-envelope', 'Its payload or a signature is not base64.', { cause });
  }
  const message = preAuthEncode(payloadType, payload);
  const verifiedBy = publicKeys
    .filter((key) => signatures.some((signature) => verify(signature, message, key)))
    .map(keyIdOf);
  // A key given twice is one signer: whoever counts signers must not be fooled by a repeated pin.
  return { payload, verifiedBy: [...new Set(verifiedBy)] };
}
