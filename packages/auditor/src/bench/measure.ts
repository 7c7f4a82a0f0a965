import { type Interval, wilsonInterval } from '../poisoning/numeric/intervals.ts';
import {
  areaUnderRoc,
  precisionAt,
  type RocPoint,
  traceRoc,
  truePositiveRateAt,
} from '../poisoning/numeric/ranking.ts';

const TOP = 100;

export type Rate = { readonly share: number; readonly hits: number; readonly trials: number } & Interval;

export type Measurement = {
  readonly areaUnderRoc: number;
  readonly tprAt1: Rate;
  readonly tprAt5: Rate;
  readonly precisionAt100: Rate;
  readonly roc: readonly RocPoint[];
};

/**
 * One score over one poisoned set. False-positive rates are over the set's own clean rows, or over those of them that
 * `isCounted` marks (it marks every poisoned row too).
 */
export function measureScores(
  allScores: Float64Array,
  allPoisoned: Uint8Array,
  isCounted?: Uint8Array,
): Measurement {
  const isKept = (_: number, row: number) => isCounted === undefined || isCounted[row] === 1;
  const scores = allScores.filter(isKept);
  const isPoisoned = allPoisoned.filter(isKept);
  const roc = traceRoc(scores, isPoisoned);
  const positives = isPoisoned.reduce((sum, flag) => sum + flag, 0);
  const rateOf = (share: number, trials: number): Rate => {
    const hits = Math.round(share * trials);
    return { share, hits, trials, ...wilsonInterval(hits, trials) };
  };
  return {
    areaUnderRoc: areaUnderRoc(scores, isPoisoned),
    tprAt1: rateOf(truePositiveRateAt(roc, 0.01), positives),
    tprAt5: rateOf(truePositiveRateAt(roc, 0.05), positives),
    precisionAt100: rateOf(precisionAt(scores, isPoisoned, TOP), Math.min(TOP, scores.length)),
    roc,
  };
}

/** Several seeds as one: hits and trials add up, areas are averaged. */
export function poolMeasurements(parts: readonly Measurement[]): Omit<Measurement, 'roc'> {
  const pool = (pick: (part: Measurement) => Rate): Rate => {
    const hits = parts.reduce((sum, part) => sum + pick(part).hits, 0);
    const trials = parts.reduce((sum, part) => sum + pick(part).trials, 0);
    return { share: trials === 0 ? 0 : hits / trials, hits, trials, ...wilsonInterval(hits, trials) };
  };
  return {
    areaUnderRoc: parts.reduce((sum, part) => sum + part.areaUnderRoc, 0) / parts.length,
    tprAt1: pool((part) => part.tprAt1),
    tprAt5: pool((part) => part.tprAt5),
    precisionAt100: pool((part) => part.precisionAt100),
  };
}
