import { CLASS_COUNT } from '../labels.ts';
import { createGenerator, permute } from '../random/keyed-generator.ts';

/** Rows of features, n x width, standardised. */
export type Features = { readonly values: Float32Array; readonly width: number };

export type HeadOptions = {
  readonly seed: string;
  readonly epochs: number;
  /** Sees every training row once an epoch: its margin z_y - max z_other and its cross-entropy before the update. */
  readonly onRow?: (epoch: number, row: number, margin: number, loss: number) => void;
};

/** A multinomial logistic regression: weights [class][width + 1], bias last. */
export type LinearHead = { readonly weights: Float64Array; readonly width: number };

const BATCH = 128;
const PEAK_RATE = 0.05;
const MOMENTUM = 0.9;
const DECAY = 1e-3;

const scoreRow = (
  { weights, width }: LinearHead,
  values: Float32Array,
  row: number,
  out: Float64Array,
): void => {
  const at = row * width;
  for (let c = 0; c < CLASS_COUNT; c++) {
    const base = c * (width + 1);
    let sum = weights[base + width]!;
    for (let d = 0; d < width; d++) sum += weights[base + d]! * values[at + d]!;
    out[c] = sum;
  }
};

/** Softmax in place; returns ln of the sum, so that cross-entropy is exact. */
const normalise = (scores: Float64Array): void => {
  const top = Math.max(...scores);
  let sum = 0;
  for (let c = 0; c < CLASS_COUNT; c++) {
    scores[c] = Math.exp(scores[c]! - top);
    sum += scores[c]!;
  }
  for (let c = 0; c < CLASS_COUNT; c++) scores[c]! /= sum;
};

const marginOf = (scores: Float64Array, label: number): number => {
  let other = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < CLASS_COUNT; c++) if (c !== label) other = Math.max(other, scores[c]!);
  return scores[label]! - other;
};

/** SGD with Nesterov momentum and a half cosine over `rows`; a function of seed, rows, features and labels alone. */
export const trainHead = (
  features: Features,
  labels: Uint8Array,
  rows: Uint32Array,
  options: HeadOptions,
): LinearHead => {
  const { width, values } = features;
  const size = CLASS_COUNT * (width + 1);
  const head = { weights: new Float64Array(size), width };
  const velocity = new Float64Array(size);
  const gradient = new Float64Array(size);
  const scores = new Float64Array(CLASS_COUNT);
  const steps = Math.ceil(rows.length / BATCH);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const order = permute(rows.length, createGenerator(options.seed, 'head-order', epoch));
    for (let step = 0; step < steps; step++) {
      const from = step * BATCH;
      const to = Math.min(rows.length, from + BATCH);
      gradient.fill(0);
      for (let i = from; i < to; i++) {
        const row = rows[order[i]!]!;
        const label = labels[row]!;
        scoreRow(head, values, row, scores);
        const margin = options.onRow ? marginOf(scores, label) : 0;
        normalise(scores);
        options.onRow?.(epoch, row, margin, -Math.log(Math.max(1e-12, scores[label]!)));
        for (let c = 0; c < CLASS_COUNT; c++) {
          const error = (scores[c]! - (c === label ? 1 : 0)) / (to - from);
          const base = c * (width + 1);
          const at = row * width;
          for (let d = 0; d < width; d++) gradient[base + d]! += error * values[at + d]!;
          gradient[base + width]! += error;
        }
      }
      const progress = (epoch * steps + step) / (options.epochs * steps);
      const rate = (PEAK_RATE / 2) * (1 + Math.cos(Math.PI * progress));
      for (let k = 0; k < size; k++) {
        const g = gradient[k]! + DECAY * head.weights[k]!;
        velocity[k] = MOMENTUM * velocity[k]! + g;
        head.weights[k]! -= rate * (g + MOMENTUM * velocity[k]!);
      }
    }
  }
  return head;
};

/** Adds the head's probabilities of `rows`, times `weight`, to `out` (n x 7). */
export const addHeadProbabilities = (
  head: LinearHead,
  features: Features,
  rows: Uint32Array,
  out: Float32Array,
  weight: number,
): void => {
  const scores = new Float64Array(CLASS_COUNT);
  for (const row of rows) {
    scoreRow(head, features.values, row, scores);
    normalise(scores);
    for (let c = 0; c < CLASS_COUNT; c++) out[row * CLASS_COUNT + c]! += weight * scores[c]!;
  }
};

/** Zero mean and unit deviation in every dimension, by the first set's statistics: both views share one space. */
export const standardise = (sets: readonly Float32Array[], width: number): Features[] => {
  const reference = sets[0]!;
  const count = reference.length / width;
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  for (let i = 0; i < reference.length; i++) mean[i % width]! += reference[i]! / count;
  for (let i = 0; i < reference.length; i++)
    square[i % width]! += (reference[i]! - mean[i % width]!) ** 2 / count;
  const scale = Float64Array.from(square, (variance) => (variance > 1e-12 ? 1 / Math.sqrt(variance) : 0));
  return sets.map((set) => ({
    width,
    values: set.map((v, i) => (v - mean[i % width]!) * scale[i % width]!),
  }));
};
