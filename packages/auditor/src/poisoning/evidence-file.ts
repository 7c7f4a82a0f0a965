import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CanonicalValue, decodeCanonical } from '@testigo/trail';
import { z } from 'zod';
import { AuditError, messageOf } from '../errors.ts';
import { describeImprobable, describeUniform } from './evidence-content.ts';

const MAGIC = 'TESTIGO-EVIDENCE';
const VERSION = 1;
const PREFIX_BYTES = 24;
const ITEM_BYTES = { f32: 4, f16: 2, u8: 1, u32: 4 } as const;

const count = z.int().nonnegative();
const headerSchema = z.strictObject({
  type: z.literal('testigo-evidence'),
  version: z.literal(VERSION),
  kind: z.enum(['out-of-fold-networks', 'out-of-fold-heads']),
  rows: count,
  classes: z.literal(7),
  folds: count,
  seed: z.string(),
  rowsSha256: z.string(),
  datasetRoot: z.string(),
  modelVersion: z.string(),
  network: z.string(),
  arrays: z.record(
    z.string(),
    z.strictObject({
      dtype: z.enum(['f32', 'f16', 'u8', 'u32']),
      shape: z.array(count).min(1).max(2),
      offset: count.multipleOf(8),
      byteLength: count,
      sha256: z.string(),
    }),
  ),
});

/** What a network said about every row of a sample set, as docs/spec/evidence-file.md defines it. */
export type EvidenceFile = {
  readonly kind: 'out-of-fold-networks' | 'out-of-fold-heads';
  readonly rows: number;
  /** Hex SHA-256 of the whole file. */
  readonly sha256: string;
  readonly rowsSha256: string;
  readonly modelVersion: string;
  readonly network: string;
  readonly probabilities: Float32Array;
  readonly embeddings: Float32Array;
  readonly embeddingSize: number;
  /** What heads that were trained on these very labels say out of fold, where `probabilities` come from elsewhere. */
  readonly headProbabilities?: Float32Array;
  /** Present in evidence that carries training dynamics or attacks on the network. */
  readonly margin?: Float32Array;
  /** Margins of rows that were trained on under a class that does not exist: what memory alone reaches. */
  readonly fakeMargin?: Float32Array;
  readonly loss?: Float32Array;
  readonly strip?: Float32Array;
  readonly cleanseL1?: Float32Array;
};

/** @throws AuditError `file-unreadable` or `evidence-file-invalid` */
export async function readEvidenceFile(path: string): Promise<EvidenceFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new AuditError('file-unreadable', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  return parseEvidenceFile(bytes);
}

/** @throws AuditError `evidence-file-invalid` */
export function parseEvidenceFile(bytes: Uint8Array): EvidenceFile {
  const { header, payload } = openHeader(bytes);
  const load = (name: string, shape: readonly number[]): Float32Array | undefined => {
    const entry = header.arrays[name];
    if (entry === undefined) return undefined;
    const isShape =
      entry.shape.length === shape.length && shape.every((n, k) => n < 0 || n === entry.shape[k]);
    if (!isShape) refuse(`${name} has the shape ${entry.shape.join(' x ')}`);
    const size = entry.shape.reduce((product, n) => product * n, 1);
    if (entry.byteLength !== size * ITEM_BYTES[entry.dtype]) refuse(`${name} has a wrong length`);
    if (payload + entry.offset + entry.byteLength > bytes.length) refuse(`${name} is cut off`);
    const data = bytes.slice(payload + entry.offset, payload + entry.offset + entry.byteLength);
    if (createHash('sha256').update(data).digest('hex') !== entry.sha256)
      refuse(`${name} has another digest`);
    return toFloats(name, entry.dtype, data);
  };
  const { rows } = header;
  const probabilities = load('probabilities', [rows, header.classes]);
  const embeddings = load('embeddings', [rows, -1]);
  if (probabilities === undefined || embeddings === undefined)
    refuse('probabilities or embeddings are missing');
  const optional = {
    headProbabilities: load('headProbabilities', [rows, header.classes]),
    margin: load('margin', [rows]),
    fakeMargin: load('fakeMargin', [-1]),
    loss: load('loss', [-1, rows]),
    strip: load('strip', [rows]),
    cleanseL1: load('cleanseL1', [header.classes]),
  };
  const problem =
    describeImprobable('probabilities', probabilities) ??
    describeImprobable('headProbabilities', optional.headProbabilities ?? new Float32Array(0)) ??
    describeUniform(embeddings, rows);
  if (problem !== undefined) refuse(problem);
  const present = Object.fromEntries(Object.entries(optional).filter(([, array]) => array !== undefined));
  return {
    kind: header.kind,
    rows,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    rowsSha256: header.rowsSha256,
    modelVersion: header.modelVersion,
    network: header.network,
    probabilities,
    embeddings,
    embeddingSize: header.arrays.embeddings!.shape[1]!,
    ...present,
  };
}

function openHeader(bytes: Uint8Array): { header: z.infer<typeof headerSchema>; payload: number } {
  if (bytes.length < PREFIX_BYTES) refuse('it is shorter than its prefix');
  if (new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    refuse('it is no evidence file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(16, true) !== VERSION) refuse(`format version ${view.getUint32(16, true)} is unknown`);
  const end = PREFIX_BYTES + view.getUint32(20, true);
  if (end > bytes.length) refuse('its header is cut off');
  let value: CanonicalValue;
  try {
    value = decodeCanonical(bytes.subarray(PREFIX_BYTES, end));
  } catch (cause) {
    refuse(`its header is not canonical: ${messageOf(cause)}`);
  }
  const parsed = headerSchema.safeParse(value);
  if (!parsed.success) refuse(z.prettifyError(parsed.error));
  const payload = Math.ceil(end / 8) * 8;
  if (bytes.subarray(end, payload).some((byte) => byte !== 0)) refuse('its padding is not zero');
  return { header: parsed.data, payload };
}

function toFloats(name: string, dtype: keyof typeof ITEM_BYTES, data: Uint8Array): Float32Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = data.length / ITEM_BYTES[dtype];
  const read = {
    f32: (k: number) => view.getFloat32(4 * k, true),
    f16: (k: number) => halfToNumber(view.getUint16(2 * k, true)),
    u8: (k: number) => view.getUint8(k),
    u32: (k: number) => view.getUint32(4 * k, true),
  }[dtype];
  const out = new Float32Array(size);
  for (let k = 0; k < size; k++) {
    out[k] = read(k);
    if (!Number.isFinite(out[k])) refuse(`${name} holds a value that is not finite`);
  }
  return out;
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function refuse(reason: string): never {
  throw new AuditError('evidence-file-invalid', `the evidence file cannot be used: ${reason}`);
}
