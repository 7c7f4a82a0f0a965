import type { ApiErrorCode } from '../errors.ts';
import type { EncodedRecord } from './log.ts';
import type { Commit } from './store.ts';

/** A commit with its records in one buffer, which changes threads without being copied. */
export interface PackedCommit extends Omit<Commit, 'records'> {
  readonly ids: readonly string[];
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type Question = { readonly number: number } & (
  | { readonly kind: 'findLeaves'; readonly ids: readonly string[] }
  | { readonly kind: 'commit'; readonly commit: PackedCommit }
  | { readonly kind: 'close' }
);

/** Number 0 answers the opening of the database. */
export interface Answer {
  readonly number: number;
  readonly value?: unknown;
  readonly error?: { readonly code: ApiErrorCode | undefined; readonly message: string };
}

export const packCommit = ({ records, ...commit }: Commit): PackedCommit => {
  const lengths = records.map(({ bytes }) => bytes.length);
  const packed = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const { bytes } of records) {
    packed.set(bytes, offset);
    offset += bytes.length;
  }
  return { ...commit, ids: records.map(({ id }) => id), lengths, bytes: packed };
};

export const unpackCommit = ({ ids, lengths, bytes, ...commit }: PackedCommit): Commit => {
  let offset = 0;
  const records = ids.map((id, at): EncodedRecord => {
    const start = offset;
    offset += lengths[at]!;
    return { id, bytes: bytes.subarray(start, offset) };
  });
  return { ...commit, records };
};
