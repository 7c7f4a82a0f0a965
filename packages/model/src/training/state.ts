import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EngineState, Metrics } from './engine.ts';
import type { EpochResult } from './progress.ts';
import type { WatchState } from './schedule.ts';
import { type TranscriptFile, transcriptSchema } from './transcript.ts';

/** The weights that a run would give if it ended now, and the epoch they are of. */
export type BestWeights = { readonly epoch: number; readonly weights: readonly Float32Array[] };

/** A training run between two steps: with the configuration and the data, all that the rest of it depends on. */
export type TrainingState = {
  readonly engine: EngineState;
  readonly watch: WatchState;
  readonly best: BestWeights | null;
  readonly isStopped: boolean;
  readonly history: readonly EpochResult[];
  /** Of the epoch that was begun. */
  readonly totals: Metrics;
  readonly transcript: TranscriptFile;
};

/** File: magic, u32 length of the JSON header, header, tensors as little-endian float32, SHA-256 of all before it. */
const MAGIC = 'TESTIGO-STATE-01';
const PREAMBLE = MAGIC.length + 4;
const DIGEST = 32;

/** zod's own numbers are finite. */
const real = z.custom<number>((value) => typeof value === 'number', 'no number');
const lengths = z.array(z.int().min(0));
const headerSchema = z.object({
  steps: z.int().min(0),
  bestEpoch: z.int().nullable(),
  isStopped: z.boolean(),
  tensors: z.object({
    weights: lengths,
    average: lengths.nullable(),
    optimizer: lengths,
    best: lengths.nullable(),
  }),
  watch: z.object({
    rate: z.number(),
    plateauBest: real,
    plateauWait: z.number(),
    best: real,
    wait: z.number(),
    robustBest: z.number(),
  }),
  totals: z.object({ lossSum: z.number(), correct: z.number(), count: z.number() }),
  history: z.array(
    z.object({
      epoch: z.int(),
      loss: z.number(),
      accuracy: z.number(),
      validationLoss: real,
      validationAccuracy: real,
      learningRate: z.number(),
      robustAccuracy: z.number().exactOptional(),
    }),
  ),
  transcript: transcriptSchema,
});

/** JSON has no NaN and no infinity: an epoch without validation has the one, a watch that saw none the other. */
const NON_FINITE = ['NaN', 'Infinity', '-Infinity'];
const hide = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
const show = (_: string, value: unknown): unknown =>
  typeof value === 'string' && NON_FINITE.includes(value) ? Number(value) : value;

const sizesOf = (tensors: readonly Float32Array[]): number[] => tensors.map((tensor) => tensor.length);

export const encodeState = ({ engine, best, ...rest }: TrainingState): Uint8Array => {
  const { steps, weights, average, optimizer } = engine;
  const tensors = {
    weights: sizesOf(weights),
    average: average && sizesOf(average),
    optimizer: sizesOf(optimizer),
    best: best && sizesOf(best.weights),
  };
  const header = Buffer.from(
    JSON.stringify({ steps, bestEpoch: best?.epoch ?? null, tensors, ...rest }, hide),
  );
  const preamble = Buffer.alloc(PREAMBLE);
  preamble.write(MAGIC, 'latin1');
  preamble.writeUInt32LE(header.length, MAGIC.length);
  const floats = [...weights, ...(average ?? []), ...optimizer, ...(best?.weights ?? [])];
  const parts = [
    preamble,
    header,
    ...floats.map((t) => new Uint8Array(t.buffer, t.byteOffset, t.byteLength)),
  ];
  const body = Buffer.concat(parts);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
};

/** What is wrong with a state file, said by `decodeState`. */
export class StateUnreadable extends Error {
  override readonly name = 'StateUnreadable';
}

/** Reads what `encodeState` wrote, to the last bit. @throws StateUnreadable where a byte differs or is missing */
export const decodeState = (file: Uint8Array): TrainingState => {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const end = bytes.length - DIGEST;
  if (end < PREAMBLE || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw new StateUnreadable('it is no training state');
  if (!createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end)))
    throw new StateUnreadable('its digest differs: it was cut or changed');
  const start = PREAMBLE + bytes.readUInt32LE(MAGIC.length);
  const header = headerSchema.parse(JSON.parse(bytes.toString('utf8', PREAMBLE, start), show));
  const { steps, bestEpoch, tensors, ...rest } = header;
  let at = start;
  const take = (sizes: readonly number[]): Float32Array[] =>
    sizes.map((size) => {
      const part = bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * size);
      at += 4 * size;
      return new Float32Array(part as ArrayBuffer);
    });
  const weights = take(tensors.weights);
  const average = tensors.average && take(tensors.average);
  const optimizer = take(tensors.optimizer);
  const best = tensors.best && { epoch: bestEpoch ?? 0, weights: take(tensors.best) };
  return { engine: { steps, weights, average, optimizer }, best, ...rest };
};
