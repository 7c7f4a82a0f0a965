// Personal fields enter a record only as salted commitments (docs/spec/commitments.md). Without the salt, 7 labels
// times 10^6 scores fall to brute force in seconds; without the subject key nobody can make the salts again, which
// is what erasure destroys.
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { equalBytes, isWellFormed, utf8 } from '../encoding/text.ts';
import { TrailError } from '../errors.ts';
import type { Hash } from '../log/hashing.ts';

const COMMITMENT = Uint8Array.of(0x02);
const ZERO = Uint8Array.of(0x00);
const SALT_BYTES = 32;
const RECORD_ID = /^[0-9a-f]{32}$/;
const NAME = /^[a-z][a-zA-Z0-9]{0,31}$/;

/** HKDF-SHA-256 (RFC 5869) over the session's 32-byte subject key: one salt a record and field. @throws TrailError */
export function deriveSalt(subjectKey: Uint8Array, recordId: string, field: string): Uint8Array {
  if (subjectKey.length !== 32) throw new TrailError('bad-key', 'A subject key has 32 bytes.');
  if (!RECORD_ID.test(recordId)) throw new TrailError('bad-hex', 'A record id is 32 lowercase hex digits.');
  if (!NAME.test(field))
    throw new TrailError('not-encodable', `${JSON.stringify(field)} is not a field name.`);
  return hkdf(nobleSha256, subjectKey, utf8(recordId), utf8(`testigo/salt/v1/${field}`), SALT_BYTES);
}

export interface Opening {
  /** 32 bytes. */
  readonly salt: Uint8Array;
  readonly name: string;
  readonly value: Uint8Array | string;
}

/** SHA-256(0x02 || salt || name || 0x00 || value). The fixed salt length and the zero byte make it unambiguous. */
export function commitField({ salt, name, value }: Opening): Hash {
  if (salt.length !== SALT_BYTES) throw new TrailError('bad-key', `A salt has ${SALT_BYTES} bytes.`);
  if (!NAME.test(name)) throw new TrailError('not-encodable', `${JSON.stringify(name)} is not a field name.`);
  const hash = nobleSha256.create().update(COMMITMENT).update(salt).update(utf8(name)).update(ZERO);
  return hash.update(typeof value === 'string' ? utf8(value) : value).digest();
}

/** Does the opening belong to the commitment? False for anything malformed. */
export function verifyDisclosure({
  commitment,
  ...opening
}: Opening & { readonly commitment: Hash }): boolean {
  if (opening.salt.length !== SALT_BYTES || !NAME.test(opening.name)) return false;
  if (typeof opening.value === 'string' && !isWellFormed(opening.value)) return false;
  return equalBytes(commitField(opening), commitment);
}
