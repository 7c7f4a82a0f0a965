import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { type Ed25519KeyPair, fromHex, keyPairOf } from '@testigo/trail';
import { AuditError, describeWriting } from '../errors.ts';
import { readText } from './read-file.ts';

/** An Ed25519 key from a file of 64 hex digits. @throws AuditError `file-unreadable`, `key-unreadable` */
export async function readSigningKey(path: string): Promise<Ed25519KeyPair> {
  const hex = (await readText(path)).trim().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex))
    throw new AuditError('key-unreadable', `${path} holds no Ed25519 secret key of 64 hex digits`);
  return keyPairOf(fromHex(hex));
}

/** Writes a new key that only its owner may read; never over a file that is there. @throws AuditError `output-unwritable` */
export async function writeSigningKey(path: string): Promise<Ed25519KeyPair> {
  const secretKey = randomBytes(32);
  try {
    await writeFile(path, `${secretKey.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new AuditError('output-unwritable', `cannot write ${path}: ${describeWriting(cause)}`, { cause });
  }
  return keyPairOf(new Uint8Array(secretKey));
}
