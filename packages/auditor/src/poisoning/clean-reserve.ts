import { createHash } from 'node:crypto';
import {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  openDsse,
  parseDsse,
  toHex,
} from '@testigo/trail';
import { z } from 'zod';
import { AuditError, messageOf } from '../errors.ts';
import { CLASSES, imageOf, type SampleSet } from './sample-set.ts';

export const RESERVE_PAYLOAD_TYPE = 'application/vnd.testigo.clean-reserve+json';

const reserveSchema = z.strictObject({
  type: z.literal('testigo-clean-reserve'),
  version: z.literal(1),
  samples: z
    .array(
      z.strictObject({
        pixelsSha256: z.string().regex(/^[0-9a-f]{64}$/),
        label: z
          .int()
          .min(0)
          .max(CLASSES - 1),
      }),
    )
    .min(1),
});

/** Samples that a custodian vouches for: they calibrate every p-value, so they must be signed before all else. */
export type CleanReserve = {
  readonly sha256: string;
  readonly isMember: (row: number) => boolean;
  readonly size: number;
};

export function encodeReserve(set: SampleSet, rows: readonly number[]): Uint8Array {
  const samples = rows.map((row) => ({ pixelsSha256: digestOf(set, row), label: set.labels[row]! }));
  return encodeCanonical({ type: 'testigo-clean-reserve', version: 1, samples });
}

/**
 * Opens the DSSE envelope and finds the reserve's samples among the rows, by pixels and label: a sample whose label
 * was changed since it was signed is no member.
 * @throws AuditError `reserve-invalid`
 */
export function openReserve(text: string, trusted: readonly Uint8Array[], set: SampleSet): CleanReserve {
  const payload = openSigned(text, trusted);
  const keys = new Set(payload.parsed.samples.map((sample) => `${sample.pixelsSha256}${sample.label}`));
  const members = new Set<number>();
  for (let row = 0; row < set.size; row++)
    if (keys.has(`${digestOf(set, row)}${set.labels[row]}`)) members.add(row);
  return { sha256: payload.sha256, isMember: (row) => members.has(row), size: members.size };
}

function openSigned(text: string, trusted: readonly Uint8Array[]) {
  let bytes: Uint8Array;
  let value: CanonicalValue;
  let verifiedBy: readonly string[];
  try {
    ({ payload: bytes, verifiedBy } = openDsse(parseDsse(JSON.parse(text)), RESERVE_PAYLOAD_TYPE, trusted));
    value = decodeCanonical(bytes);
  } catch (cause) {
    throw new AuditError('reserve-invalid', `the clean reserve cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (verifiedBy.length === 0)
    throw new AuditError('reserve-invalid', 'no trusted custodian signed the clean reserve');
  const parsed = reserveSchema.safeParse(value);
  if (!parsed.success) throw new AuditError('reserve-invalid', z.prettifyError(parsed.error));
  return { parsed: parsed.data, sha256: toHex(createHash('sha256').update(bytes).digest()) };
}

function digestOf(set: SampleSet, row: number): string {
  return createHash('sha256').update(imageOf(set, row)).digest('hex');
}
