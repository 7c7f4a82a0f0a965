import { planViews } from '../augment/view.ts';
import { type NetworkSpec, SOURCE_SIZE } from '../network/spec.ts';
import { createGenerator, deriveSeed, permute } from '../random/keyed-generator.ts';
import type { TrainingConfig } from './config.ts';
import type { TrainingBatch } from './engine.ts';

export type RowSplit = { readonly train: Uint32Array; readonly validation: Uint32Array };

/** Rows for validation and for training: one seeded permutation of the data, cut. */
export function splitRows(count: number, { seed, splitSeed, validationFraction }: TrainingConfig): RowSplit {
  const order = permute(count, createGenerator(splitSeed ?? seed, 'validation-split'));
  const held = Math.floor(count * validationFraction);
  return { validation: order.slice(0, held), train: order.slice(held) };
}

/** The order in which an epoch shows the rows: a function of (seed, epoch) alone. */
export const planOrder = (rows: Uint32Array, seed: string, epoch: number): Uint32Array =>
  permute(rows.length, createGenerator(seed, 'order', epoch)).map((i) => rows[i]!);

/** The rows of one step of an epoch. */
export const planIndices = (order: Uint32Array, step: number, batchSize: number): Uint32Array =>
  order.slice(step * batchSize, (step + 1) * batchSize);

const mixPartners = (order: Uint32Array, count: number, random: { uniform(): number }): Uint32Array =>
  Uint32Array.from({ length: count }, () => order[Math.floor(random.uniform() * order.length)]!);

export type BatchPlace = {
  readonly epoch: number;
  /** In the epoch. */
  readonly step: number;
  readonly order: Uint32Array;
  readonly learningRate: number;
};

/** The batch of one step, a function of (seed, epoch, step) and the rate alone. */
export function planBatch(config: TrainingConfig, spec: NetworkSpec, place: BatchPlace): TrainingBatch {
  const { epoch, step, order, learningRate } = place;
  const indices = planIndices(order, step, config.batchSize);
  const random = createGenerator(config.seed, 'augmentation', epoch, step);
  const views = planViews(indices.length, {
    sourceSize: SOURCE_SIZE,
    size: spec.inputSize,
    recipe: config.augmentation,
    fill: spec.mean,
    random,
  });
  const partners =
    config.augmentation.mixup > 0 ? mixPartners(order, indices.length, random) : new Uint32Array();
  const maskSeed = deriveSeed(config.seed, 'dropout', epoch, step);
  return { indices, partners, views, learningRate, maskSeed };
}
