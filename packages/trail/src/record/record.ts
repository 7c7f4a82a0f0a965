import {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  MAX_RECORD_BYTES,
} from '../encoding/canonical.ts';
import { describeIssues } from '../encoding/issues.ts';
import { TrailError } from '../errors.ts';
import { type Hash, hashLeaf } from '../log/hashing.ts';
import { describeBreach } from './rules.ts';
import { recordSchema, type TrailRecord } from './schema.ts';

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_RECORD_BYTES)
    throw new TrailError(
      'too-large',
      `A record has at most ${MAX_RECORD_BYTES} bytes, this one ${bytes.length}.`,
    );
  return bytes;
}

function check(value: unknown): TrailRecord {
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) throw new TrailError('bad-record', describeIssues(parsed.error));
  const breach = describeBreach(parsed.data);
  if (breach !== undefined)
    throw new TrailError('bad-record', `${parsed.data.type} ${parsed.data.id}: ${breach}.`);
  return parsed.data;
}

/** The bytes that become a leaf. @throws TrailError `bad-record`, `not-encodable` or `too-large` */
export const encodeRecord = (record: TrailRecord): Uint8Array =>
  checkSize(encodeCanonical(check(record) as unknown as CanonicalValue));

/** @throws TrailError `not-canonical`, `bad-record` or `too-large` */
export const parseRecord = (bytes: Uint8Array): TrailRecord => check(decodeCanonical(checkSize(bytes)));

/** The record's leaf hash. */
export const hashRecord = (bytes: Uint8Array): Hash => hashLeaf(bytes);
