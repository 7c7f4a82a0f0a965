import { createHash } from 'node:crypto';
import { equalBytes } from '@testigo/trail';
import { seal, unseal } from '../vault/seal.ts';

/**
 * Wraps the keys of call sessions under a key-encryption key. A local key by default; a key management service fills
 * the same two methods (AWS KMS Encrypt and Decrypt with an encryption context, Vault's transit engine), so that the
 * key-encryption key never enters this process.
 *
 * `context` is bound to the wrapped key: unwrapping it for another session MUST fail.
 */
export interface KeyWrapper {
  wrap(key: Uint8Array, context: string): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>;
}

const ID_BYTES = 4;

/** Says which key-encryption key a wrapped key is under, without saying anything of the key. */
const idOf = (key: Uint8Array): Uint8Array =>
  createHash('sha256').update('testigo/kek-id/v1').update(key).digest().subarray(0, ID_BYTES);

/**
 * AES-256-GCM under keys held in this process. `retired` ones still unwrap, so that a key-encryption key can be rotated:
 * wrap everything anew, then destroy the old one. That also makes worthless whatever wrapped keys a disk may have kept
 * in blocks it no longer shows.
 */
export const createLocalKeyWrapper = (
  current: Uint8Array,
  retired: readonly Uint8Array[] = [],
): KeyWrapper => ({
  wrap: async (key, context) => Buffer.concat([idOf(current), seal(current, context, key)]),
  unwrap: async (wrapped, context) => {
    const id = wrapped.subarray(0, ID_BYTES);
    const holder = [current, ...retired].find((key) => equalBytes(idOf(key), id));
    if (!holder) throw new Error('The wrapped key is under a key-encryption key that is not here.');
    return unseal(holder, context, wrapped.subarray(ID_BYTES));
  },
});
