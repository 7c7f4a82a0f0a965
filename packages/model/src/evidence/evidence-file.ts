import { createHash } from 'node:crypto';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from '@testigo/trail';
import { z } from 'zod';
import { ModelError } from '../errors.ts';

/** The evidence file of docs/spec/evidence-file.md: a magic, a canonical JSON header, arrays. */
const MAGIC = 'TESTIGO-EVIDENCE';
const VERSION = 1;
const ALIGNMENT = 8;
const PREAMBLE_BYTES = 24;

export const EVIDENCE_KINDS = ['out-of-fold-heads', 'out-of-fold-networks'] as const;
const arraySchema = z.strictObject({
  dtype: z.enum(['f32', 'f16', 'u8', 'u32']),
  shape: z.array(z.int().min(0)).min(1),
  offset: z.int().min(0),
  byteLength: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const headerSchema = z.strictObject({
  type: z.literal('testigo-evidence'),
  version: z.literal(VERSION),
  kind: z.enum(EVIDENCE_KINDS),
  rows: z.int().min(1),
  classes: z.literal(7),
  folds: z.int().min(2),
  seed: z.string(),
  /** SHA-256 over each row's 2,304 pixel bytes and label byte, in file order: binds evidence to samples. */
  rowsSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Hex, or empty where not known. */
  datasetRoot: z.string(),
  modelVersion: z.string(),
  network: z.string(),
  arrays: z.record(z.string(), arraySchema),
});
export type EvidenceHeader = z.infer<typeof headerSchema>;
export type ArrayType = z.infer<typeof arraySchema>['dtype'];

export type EvidenceArray = {
  readonly dtype: ArrayType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
};
export type Evidence = {
  readonly header: Omit<EvidenceHeader, 'arrays'>;
  readonly arrays: Readonly<Record<string, EvidenceArray>>;
};

const WIDTH: Readonly<Record<ArrayType, number>> = { f32: 4, f16: 2, u8: 1, u32: 4 };
const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const align = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

export const floatArray = (values: Float32Array, shape: readonly number[]): EvidenceArray => ({
  dtype: 'f32',
  shape,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

/** The file's bytes; the same evidence always gives the same bytes. */
export const encodeEvidence = ({ header, arrays }: Evidence): Uint8Array => {
  const table: Record<string, CanonicalValue> = {};
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(arrays)) {
    const offset = align(end);
    table[name] = { dtype, shape: [...shape], offset, byteLength: bytes.length, sha256: sha256Hex(bytes) };
    end = offset + bytes.length;
  }
  const head = encodeCanonical({ ...header, arrays: table });
  const start = align(PREAMBLE_BYTES + head.length);
  const file = new Uint8Array(start + end);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode(MAGIC));
  view.setUint32(16, VERSION, true);
  view.setUint32(20, head.length, true);
  file.set(head, PREAMBLE_BYTES);
  for (const [name, { bytes }] of Object.entries(arrays)) {
    file.set(bytes, start + (table[name] as { offset: number }).offset);
  }
  return file;
};

/** Reads and checks a file, every array's digest included. @throws ModelError evidence-invalid */
export const decodeEvidence = (
  file: Uint8Array,
  path = 'evidence',
): Evidence & { readonly header: EvidenceHeader } => {
  const fail = (seen: string, cause?: unknown): never => {
    throw new ModelError('evidence-invalid', { path, seen }, { cause });
  };
  if (file.length < PREAMBLE_BYTES || new TextDecoder().decode(file.subarray(0, 16)) !== MAGIC)
    fail('it does not begin as one');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(16, true) !== VERSION) fail(`version ${view.getUint32(16, true)}, ${VERSION} is known`);
  const headBytes = view.getUint32(20, true);
  if (PREAMBLE_BYTES + headBytes > file.length) fail('cut inside its header');
  let header: EvidenceHeader;
  try {
    header = headerSchema.parse(decodeCanonical(file.subarray(PREAMBLE_BYTES, PREAMBLE_BYTES + headBytes)));
  } catch (cause) {
    return fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const start = align(PREAMBLE_BYTES + headBytes);
  const arrays: Record<string, EvidenceArray> = {};
  for (const [name, { dtype, shape, offset, byteLength, sha256 }] of Object.entries(header.arrays)) {
    const bytes = file.slice(start + offset, start + offset + byteLength);
    const expected = shape.reduce((product, size) => product * size, WIDTH[dtype]);
    if (offset % ALIGNMENT !== 0 || bytes.length !== byteLength || byteLength !== expected)
      fail(`array ${name} is cut or misplaced`);
    if (sha256Hex(bytes) !== sha256) fail(`array ${name} does not have the digest its header names`);
    arrays[name] = { dtype, shape, bytes };
  }
  return { header, arrays };
};
