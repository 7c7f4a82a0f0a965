import { rankDescending } from '../numeric/ranking.ts';
import { CLASSES } from '../sample-set.ts';

const FLOOR = 1e-6;

export type LabelReport = {
  /** ln odds that the label is wrong: the contradiction, with how often labels of that class are wrong in this set. */
  readonly errorScores: Float64Array;
  /** Rows that the confident joint calls mislabelled, most contradicted first in their cell, then ascending. */
  readonly flagged: readonly number[];
  /** Estimated joint of given (row) and true (column) label, counts; rows sum to the class sizes. */
  readonly joint: readonly (readonly number[])[];
};

/**
 * ln of the best other class's probability over the label's: high where the label is contradicted. A monotone form of
 * the normalised margin that keeps resolution where self-confidence 1 - p_y saturates.
 */
export function scoreContradiction(probabilities: Float32Array, labels: Uint8Array): Float64Array {
  return Float64Array.from(labels, (label, i) => {
    const own = probabilities[i * CLASSES + label]!;
    return Math.log((bestOther(probabilities, i, label) + FLOOR) / (own + FLOOR));
  });
}

/**
 * Confident learning (Northcutt, Jiang and Chuang 2021), formula 6, on out-of-fold probabilities.
 * Attackers choose labels, annotators err: in FER-2013 a quarter of `sad` is doubtful and hardly any `happy`, so errors
 * are ranked by Bayes' rule: the log odds against the label, with the joint's own error rate of the class as prior.
 */
export function findLabelErrors(probabilities: Float32Array, labels: Uint8Array): LabelReport {
  const scores = scoreContradiction(probabilities, labels);
  const joint = estimateJoint(probabilities, labels);
  const prior = joint.map((cells, label) => {
    const size = cells.reduce((sum, n) => sum + n, 0);
    const wrong = size - cells[label]!;
    return Math.log((wrong + 1) / (size - wrong + 1));
  });
  const errorScores = scores.map((score, i) => score + prior[labels[i]!]!);
  return { errorScores, flagged: pruneByNoiseRate(probabilities, labels, joint), joint };
}

function bestOther(probabilities: Float32Array, row: number, label: number): number {
  let best = 0;
  for (let j = 0; j < CLASSES; j++) if (j !== label) best = Math.max(best, probabilities[row * CLASSES + j]!);
  return best;
}

/** C[y][j] counts rows whose p_j reaches t_j, the mean p_j over y = j, taking the largest; then scaled to N_y. */
function estimateJoint(probabilities: Float32Array, labels: Uint8Array): number[][] {
  const sums = new Float64Array(CLASSES);
  const sizes = new Float64Array(CLASSES);
  labels.forEach((label, i) => {
    sums[label]! += probabilities[i * CLASSES + label]!;
    sizes[label]! += 1;
  });
  const counts = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0));
  labels.forEach((label, i) => {
    let best = -1;
    for (let j = 0; j < CLASSES; j++) {
      const p = probabilities[i * CLASSES + j]!;
      if (sizes[j] === 0 || p < sums[j]! / sizes[j]!) continue;
      if (best < 0 || p > probabilities[i * CLASSES + best]!) best = j;
    }
    if (best >= 0) counts[label]![best]! += 1;
  });
  return counts.map((row, label) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    return row.map((n) => (total === 0 ? 0 : (n / total) * sizes[label]!));
  });
}

/** For each cell (y, j), j != y, the N Q(y, j) rows of label y with the largest p_j - p_y. */
function pruneByNoiseRate(
  probabilities: Float32Array,
  labels: Uint8Array,
  joint: readonly number[][],
): number[] {
  const flagged = new Set<number>();
  for (let y = 0; y < CLASSES; y++) {
    const members: number[] = [];
    labels.forEach((label, i) => {
      if (label === y) members.push(i);
    });
    for (let j = 0; j < CLASSES; j++) {
      if (j === y) continue;
      const margins = members.map((i) => probabilities[i * CLASSES + j]! - probabilities[i * CLASSES + y]!);
      for (const k of rankDescending(margins).subarray(0, Math.round(joint[y]![j]!))) {
        if (margins[k]! > 0) flagged.add(members[k]!);
      }
    }
  }
  return [...flagged].sort((a, b) => a - b);
}
