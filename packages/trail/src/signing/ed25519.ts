import { ed25519 } from '@noble/curves/ed25519.js';
import { TrailError } from '../errors.ts';

/** RFC 8032 Ed25519 keys: 32 bytes each. */
export interface Ed25519KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

function checkKey(key: Uint8Array, what: string): void {
  if (!(key instanceof Uint8Array) || key.length !== 32)
    throw new TrailError('bad-key', `An Ed25519 ${what} key has 32 bytes.`);
}

/** @throws TrailError `bad-key` unless `secretKey` has 32 bytes */
export function keyPairOf(secretKey: Uint8Array): Ed25519KeyPair {
  checkKey(secretKey, 'secret');
  return { secretKey, publicKey: ed25519.getPublicKey(secretKey) };
}

/** @throws TrailError `bad-key` unless `secretKey` has 32 bytes */
export function signBytes(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  checkKey(secretKey, 'secret');
  return ed25519.sign(message, secretKey);
}

/**
 * How a signature is verified: {@link verifySignature}, or a faster function of the host that accepts exactly the same
 * (vectors/signatures.json).
 */
export type SignatureVerifier = typeof verifySignature;

/** False for a malformed key or signature too. Strict (RFC 8032) rather than ZIP-215, so that all verifiers agree. */
export function verifySignature(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false; // a point that does not decode
  }
}
