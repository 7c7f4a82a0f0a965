import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { utf8 } from '@testigo/trail';

// AES-256-GCM, NIST SP 800-38D: a 96-bit random nonce and a 128-bit tag. A key seals one session's payloads,
// far below the 2^32 messages that random nonces allow.
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** nonce || ciphertext || tag. `context` is authenticated, so that a sealed value cannot be moved elsewhere. */
export const seal = (key: Uint8Array, context: string, plain: Uint8Array): Uint8Array => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(utf8(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

/** @throws Error where the key, the context or any byte is not what was sealed */
export const unseal = (key: Uint8Array, context: string, sealed: Uint8Array): Uint8Array => {
  if (sealed.length < NONCE_BYTES + TAG_BYTES)
    throw new Error('A sealed value is shorter than its nonce and tag.');
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES)).setAAD(utf8(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const body = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
  return Buffer.concat([decipher.update(body), decipher.final()]);
};

/** HKDF-SHA-256 (RFC 5869): the subject key itself only makes salts; payloads get a key of their own. */
export const payloadKeyOf = (subjectKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', subjectKey, new Uint8Array(), 'testigo/payload/v1', 32));
