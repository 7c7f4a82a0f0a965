import { createHash } from 'node:crypto';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from '@testigo/trail';
import { z } from 'zod';

/** The training transcript of docs/spec/training-transcript.md. */
const digest = (value: CanonicalValue): string =>
  createHash('sha256').update(encodeCanonical(value)).digest('hex');

/** Hex SHA-256 over tensors in order, each as its little-endian float32 bytes. */
export function hashTensors(tensors: readonly Float32Array[]): string {
  const hash = createHash('sha256');
  for (const t of tensors) hash.update(new Uint8Array(t.buffer, t.byteOffset, t.byteLength));
  return hash.digest('hex');
}

/** Hex SHA-256 over pixels and then labels of all rows. */
export const hashData = (images: Uint8Array, labels: Uint8Array): string =>
  createHash('sha256').update(images).update(labels).digest('hex');

/** Numbers become decimal strings: canonical encoding has no floats, and the exact value must be bound. */
export function toCanonical(value: unknown): CanonicalValue {
  if (typeof value === 'number') return String(value);
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.map(toCanonical);
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, toCanonical(v)]));
  }
  return value as string | boolean;
}

/** Digest of a run's configuration: that of the bundle's training.json. */
export const hashConfig = (network: object, training: object): string =>
  digest(toCanonical({ network, training }));

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
const entrySchema = z.strictObject({
  step: z.int().min(0),
  weights: digestSchema,
  optimizer: digestSchema,
  batches: digestSchema,
  lossPpm: z.int(),
  head: digestSchema,
});
export const transcriptSchema = z.strictObject({
  type: z.literal('testigo.training-transcript'),
  version: z.literal(1),
  config: digestSchema,
  data: digestSchema,
  weights: digestSchema,
  entries: z.array(entrySchema),
});
export type TranscriptEntry = Readonly<z.infer<typeof entrySchema>>;
export type TranscriptFile = Readonly<z.infer<typeof transcriptSchema>>;
export type TranscriptStart = Pick<TranscriptFile, 'config' | 'data' | 'weights'>;

export type TranscriptState = {
  readonly weights: readonly Float32Array[];
  readonly optimizer: readonly Float32Array[];
  readonly lossPpm: number;
};

/** h(0). */
export const headOfStart = ({ config, data, weights }: TranscriptStart): string =>
  digest({ config, data, weights });

/**
 * The hash chain by which an auditor replays a piece of the training:
 * h(0) = H(configuration, data, first weights); h(i) = H(previous, step, weights, optimizer, rows, loss).
 */
export class Transcript {
  readonly start: TranscriptStart;
  readonly entries: TranscriptEntry[];
  private batches = createHash('sha256');

  /** `entries`: those of a run that goes on. @throws Error where one is not of this chain */
  constructor(start: TranscriptStart, entries: readonly TranscriptEntry[] = []) {
    this.start = start;
    this.entries = [];
    for (const { head, ...entry } of entries) {
      this.add(entry);
      if (this.head !== head)
        throw new Error(`the transcript's entry at step ${entry.step} is not of its chain`);
    }
  }

  get head(): string {
    return this.entries.at(-1)?.head ?? headOfStart(this.start);
  }

  /** Binds the samples of a batch, in their order. */
  addBatch(indices: Uint32Array): void {
    this.batches.update(new Uint8Array(indices.buffer, indices.byteOffset, indices.byteLength));
  }

  addState(step: number, { weights, optimizer, lossPpm }: TranscriptState): void {
    this.add({
      step,
      weights: hashTensors(weights),
      optimizer: hashTensors(optimizer),
      batches: this.batches.digest('hex'),
      lossPpm,
    });
    this.batches = createHash('sha256');
  }

  private add(entry: Omit<TranscriptEntry, 'head'>): void {
    this.entries.push({ ...entry, head: digest({ previous: this.head, ...entry }) });
  }

  toFile(): TranscriptFile {
    return {
      type: 'testigo.training-transcript',
      version: 1,
      config: this.start.config,
      data: this.start.data,
      weights: this.start.weights,
      entries: this.entries,
    };
  }
}

export const encodeTranscript = (file: TranscriptFile): Uint8Array =>
  encodeCanonical(file as unknown as CanonicalValue);

/** Reads transcript.json, its chain recomputed. @throws Error */
export const decodeTranscript = (bytes: Uint8Array): TranscriptFile => {
  const file = transcriptSchema.parse(decodeCanonical(bytes));
  return new Transcript(file, file.entries).toFile();
};
