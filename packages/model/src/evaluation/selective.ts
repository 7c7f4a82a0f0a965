import { CLASS_COUNT } from '../labels.ts';
import { type Interval, wilson } from './interval.ts';

export type SelectivePoint = {
  /** Share of readings kept, the most confident first. */
  readonly coverage: number;
  /** Confidence from which a reading is kept. */
  readonly threshold: number;
  readonly accuracy: number;
  readonly accuracyInterval: Interval;
};

/** Accuracy over the most confident part of the readings (El-Yaniv and Wiener 2010). */
export const measureSelective = (
  scores: Float32Array,
  labels: ArrayLike<number>,
  coverages: readonly number[] = [1, 0.9, 0.8, 0.7, 0.5],
): SelectivePoint[] => {
  const rows = Array.from({ length: labels.length }, (_, row) => {
    const own = scores.subarray(row * CLASS_COUNT, (row + 1) * CLASS_COUNT);
    const confidence = Math.max(...own);
    return { confidence, isRight: own.indexOf(confidence) === labels[row] };
  }).sort((a, b) => b.confidence - a.confidence);
  return coverages.map((coverage) => {
    const kept = rows.slice(0, Math.max(1, Math.round(coverage * rows.length)));
    const hits = kept.filter((row) => row.isRight).length;
    return {
      coverage,
      threshold: kept.at(-1)?.confidence ?? 0,
      accuracy: hits / Math.max(1, kept.length),
      accuracyInterval: wilson(hits, kept.length),
    };
  });
};
