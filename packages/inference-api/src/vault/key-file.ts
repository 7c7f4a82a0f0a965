import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { fromHex, toHex } from '@testigo/trail';

/**
 * The configured key, else the one in the file, else a new one that is on disk before anything uses it.
 * @throws TrailError where the file holds something else than 32 bytes of hex
 */
export const readOrCreateKey = (configured: string | undefined, file: string): Uint8Array => {
  if (configured !== undefined) return fromHex(configured, 32);
  if (existsSync(file)) return fromHex(readFileSync(file, 'utf8').trim(), 32);
  const key = new Uint8Array(randomBytes(32));
  // wx: two processes that start at once must not each believe in a key of their own.
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, `${toHex(key)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return key;
};
