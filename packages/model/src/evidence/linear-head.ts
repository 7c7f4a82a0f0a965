import { CLASS_COUNT } from '../labels.ts';
import { createGenerator, permute } from '../random/keyed-generator.ts';

/** Rows of features, n x width, standardised. */
export type Features = { readonly values: Float32Array; readonly width: number };

export type HeadOptions = {
  readonly seed: string;
  readonly epochs: number;
  /** Sees every training row once an epoch, before the update: its scores before softmax, valid until it returns. */
  readonly onRow?: (epoch: number, row: number, scores: Float64Array) => void;
};

/** A multinomial logistic regression: weights [class][width + 1], bias last. */
export type LinearHead = { readonly weights: Float64Array; readonly width: number; readonly classes: number };

const BATCH = 128;
const PEAK_RATE = 0.05;
const MOMENTUM = 0.9;
const DECAY = 1e-3;

const scoreRow = (
  { weights, width, classes }: LinearHead,
  values: Float32Array,
  row: number,
  out: Float64Array,
): void => {
  const at = row * width;
  for (let c = 0; c < classes; c++) {
    const base = c * (width + 1);
    let sum = weights[base + width]!;
    for (let d = 0; d < width; d++) sum += weights[base + d]! * values[at + d]!;
    out[c] = sum;
  }
};

/** Softmax in place. */
const normalise = (scores: Float64Array): void => {
  const top = Math.max(...scores);
  let sum = 0;
  for (let c = 0; c < scores.length; c++) {
    scores[c] = Math.exp(scores[c]! - top);
    sum += scores[c]!;
  }
  for (let c = 0; c < scores.length; c++) scores[c]! /= sum;
};

/** z_y - max over the other classes of z. */
export const marginOf = (scores: Float64Array, label: number): number => {
  let other = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < scores.length; c++) if (c !== label) other = Math.max(other, scores[c]!);
  return scores[label]! - other;
};

/** Cross-entropy of scores before softmax, nats. */
export const lossOf = (scores: Float64Array, label: number): number => {
  const top = Math.max(...scores);
  return top - scores[label]! + Math.log(scores.reduce((sum, z) => sum + Math.exp(z - top), 0));
};

/** n x classes: 1 at each row's label. */
export const targetsOf = (labels: Uint8Array, classes: number = CLASS_COUNT): Float32Array => {
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    targets[row * classes + label] = 1;
  });
  return targets;
};

/**
 * SGD with Nesterov momentum and a half cosine over `rows`, towards `targets` (n x classes, each row a
 * distribution); a function of seed, rows, features and targets alone.
 */
export const trainHead = (
  features: Features,
  targets: Float32Array,
  rows: Uint32Array,
  options: HeadOptions,
): LinearHead => {
  const { width, values } = features;
  const classes = targets.length / (values.length / width);
  const size = classes * (width + 1);
  const head = { weights: new Float64Array(size), width, classes };
  const velocity = new Float64Array(size);
  const gradient = new Float64Array(size);
  const scores = new Float64Array(classes);
  const steps = Math.ceil(rows.length / BATCH);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const order = permute(rows.length, createGenerator(options.seed, 'head-order', epoch));
    for (let step = 0; step < steps; step++) {
      const from = step * BATCH;
      const to = Math.min(rows.length, from + BATCH);
      gradient.fill(0);
      for (let i = from; i < to; i++) {
        const row = rows[order[i]!]!;
        scoreRow(head, values, row, scores);
        options.onRow?.(epoch, row, scores);
        normalise(scores);
        for (let c = 0; c < classes; c++) {
          const error = (scores[c]! - targets[row * classes + c]!) / (to - from);
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

/** Adds the head's probabilities of `rows`, times `weight`, to `out` (n x classes). */
export const addHeadProbabilities = (
  head: LinearHead,
  features: Features,
  rows: Uint32Array,
  out: Float32Array,
  weight: number,
): void => {
  const { classes } = head;
  const scores = new Float64Array(classes);
  for (const row of rows) {
    scoreRow(head, features.values, row, scores);
    normalise(scores);
    for (let c = 0; c < classes; c++) out[row * classes + c]! += weight * scores[c]!;
  }
};

/** Mean and reciprocal deviation of every dimension; 0 for one that never moves. */
export type Scale = { readonly mean: Float64Array; readonly factor: Float64Array };

export const measureScale = (values: Float32Array, width: number): Scale => {
  const count = values.length / width;
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  for (let i = 0; i < values.length; i++) mean[i % width]! += values[i]! / count;
  for (let i = 0; i < values.length; i++) square[i % width]! += (values[i]! - mean[i % width]!) ** 2 / count;
  return { mean, factor: square.map((variance) => (variance > 1e-12 ? 1 / Math.sqrt(variance) : 0)) };
};

export const standardise = (values: Float32Array, { mean, factor }: Scale): Features => {
  const width = mean.length;
  return { width, values: values.map((v, i) => (v - mean[i % width]!) * factor[i % width]!) };
};
