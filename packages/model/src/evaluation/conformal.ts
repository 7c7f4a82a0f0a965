import { CLASS_COUNT } from '../labels.ts';
import { type Interval, wilson } from './interval.ts';

/**
 * LAC, the least ambiguous set-valued classifier (Sadinle, Lei and Wasserman 2019): score 1 - p_y, and the
 * ceil((n + 1) coverage) / n quantile of it on held-out rows. Sets {c : p_c >= 1 - q} then hold the true class with
 * at least that chance for exchangeable data (Angelopoulos and Bates 2023, theorem 1).
 */
export const fitQuantile = (scores: Float32Array, labels: ArrayLike<number>, coverage: number): number => {
  const misses = Float64Array.from(
    { length: labels.length },
    (_, i) => 1 - scores[i * CLASS_COUNT + labels[i]!]!,
  ).sort();
  const rank = Math.ceil((labels.length + 1) * coverage);
  return rank > labels.length ? 1 : misses[rank - 1]!;
};

export const predictionSet = (scores: Float32Array, row: number, quantile: number): number[] => {
  const set: number[] = [];
  for (let c = 0; c < CLASS_COUNT; c++) if (scores[row * CLASS_COUNT + c]! >= 1 - quantile) set.push(c);
  return set;
};

export type ConformalFigures = {
  readonly target: number;
  readonly quantile: number;
  readonly coverage: number;
  readonly coverageInterval: Interval;
  readonly meanSetSize: number;
  /** Share of readings with 0, 1, 2 … labels. */
  readonly setSizes: readonly number[];
};

export const measureConformal = (
  scores: Float32Array,
  labels: ArrayLike<number>,
  { quantile, target }: { readonly quantile: number; readonly target: number },
): ConformalFigures => {
  const sizes = new Array<number>(CLASS_COUNT + 1).fill(0);
  let covered = 0;
  for (let row = 0; row < labels.length; row++) {
    const set = predictionSet(scores, row, quantile);
    sizes[set.length]!++;
    if (set.includes(labels[row]!)) covered++;
  }
  const count = Math.max(1, labels.length);
  return {
    target,
    quantile,
    coverage: covered / count,
    coverageInterval: wilson(covered, labels.length),
    meanSetSize: sizes.reduce((sum, n, size) => sum + n * size, 0) / count,
    setSizes: sizes.map((n) => n / count),
  };
};
