import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { type NoteSigner, newLogSigner } from '@testigo/trail';

// RFC 8410: the DER of a PKCS#8 Ed25519 key is this prefix and the 32 bytes of the seed.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const importSeed = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });

/**
 * The trail package's log signer with OpenSSL's Ed25519: the same signatures (RFC 8032 leaves no choice), in a
 * twentieth of the time. A busy log signs forty checkpoints a second.
 */
export const newNativeLogSigner = (identity: {
  readonly name: string;
  readonly secretKey: Uint8Array;
}): NoteSigner => {
  const { name, keyHash } = newLogSigner(identity);
  const key = importSeed(identity.secretKey);
  return { name, keyHash, sign: (body) => new Uint8Array(sign(null, body, key)) };
};
