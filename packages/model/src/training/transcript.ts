import { createHash } from 'node:crypto';
import { type CanonicalValue, encodeCanonical } from '@testigo/trail';

/** SHA-256 over tensors in order, each as its little-endian float32 bytes. */
export function hashTensors(tensors: readonly Float32Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const t of tensors) hash.update(new Uint8Array(t.buffer, t.byteOffset, t.byteLength));
  return new Uint8Array(hash.digest());
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export type TranscriptEntry = {
  readonly step: number;
  readonly weights: string;
  readonly optimizer: string;
  readonly batches: string;
  readonly lossPpm: number;
  readonly head: string;
};

export type TranscriptStart = {
  /** Canonical form of the configuration: numbers as strings. */
  readonly config: CanonicalValue;
  readonly data: Uint8Array;
  readonly weights: readonly Float32Array[];
};

export type TranscriptState = {
  readonly weights: readonly Float32Array[];
  readonly optimizer: readonly Float32Array[];
  readonly lossPpm: number;
};

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

/**
 * The hash chain by which an auditor replays a piece of the training:
 * h0 = H(configuration, data, first weights); h = H(previous, step, weights, optimizer, sample indices, loss).
 */
export class Transcript {
  readonly entries: TranscriptEntry[] = [];
  head: string;
  private batches = createHash('sha256');

  constructor({ config, data, weights }: TranscriptStart) {
    this.head = this.digest({ config, data: hex(data), weights: hex(hashTensors(weights)) });
  }

  /** Binds the samples of a batch, in their order. */
  addBatch(indices: Uint32Array): void {
    this.batches.update(new Uint8Array(indices.buffer, indices.byteOffset, indices.byteLength));
  }

  addState(step: number, { weights, optimizer, lossPpm }: TranscriptState): void {
    const entry = {
      step,
      weights: hex(hashTensors(weights)),
      optimizer: hex(hashTensors(optimizer)),
      batches: this.batches.digest('hex'),
      lossPpm,
    };
    this.batches = createHash('sha256');
    this.head = this.digest({ previous: this.head, ...entry });
    this.entries.push({ ...entry, head: this.head });
  }

  private digest(value: CanonicalValue): string {
    return createHash('sha256').update(encodeCanonical(value)).digest('hex');
  }
}
