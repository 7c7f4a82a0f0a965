import { readFile } from 'node:fs/promises';
import { AuditError, messageOf } from '../errors.ts';

/** An operator's file is never trusted to be small; a bundle holds one record and a few proofs. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** @throws AuditError `file-unreadable` */
export async function readBytes(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new AuditError('file-unreadable', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  if (bytes.length > MAX_TEXT_BYTES) throw new AuditError('file-unreadable', `${path} is larger than 64 MiB`);
  return bytes;
}

/** @throws AuditError `file-unreadable` */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path));
}
