import { drawInteger, type Random } from '../poisoning/numeric/random.ts';
import { quantileOf } from '../poisoning/numeric/robust.ts';

/** Fewer samples than this are not judged as a group. */
const MIN_GROUP = 100;
/** Bootstrap and permutation draws. */
export const REPLICAS = 2000;
const LEVEL = 0.05;

export type Judgement = 'fair' | 'unfair' | 'insufficient data';

/** One measure with its 95 % bootstrap interval. */
export type Estimate = { readonly value: number; readonly low: number; readonly high: number };

export type GapMetric = 'equalised-odds-difference' | 'disparate-impact' | 'accuracy-gap';

export type GapResult = Estimate & {
  readonly metric: GapMetric;
  readonly threshold: number;
  readonly judgement: Judgement;
};

/** Groups by name, and the names of those with too few rows to judge. */
export type Groups<T> = {
  readonly names: readonly string[];
  readonly samples: readonly (readonly T[])[];
  readonly tooSmall: readonly string[];
};

export function splitGroups<T extends { readonly group: string }>(rows: readonly T[]): Groups<T> {
  const byGroup = new Map<string, T[]>();
  for (const row of rows) {
    const group = byGroup.get(row.group);
    if (group === undefined) byGroup.set(row.group, [row]);
    else group.push(row);
  }
  const all = [...byGroup.keys()].sort();
  const names = all.filter((name) => byGroup.get(name)!.length >= MIN_GROUP);
  return {
    names,
    samples: names.map((name) => byGroup.get(name)!),
    tooSmall: all.filter((name) => !names.includes(name)),
  };
}

/** Every pair of positions below `count`, the first the smaller. */
export function pairsOf(count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_, a) =>
    Array.from({ length: count - a - 1 }, (_, k) => [a, a + 1 + k] as const),
  ).flat();
}

/** Stratified: every group keeps its size. */
export function resample<T>(group: readonly T[], random: Random): T[] {
  return group.map(() => group[drawInteger(random, group.length)]!);
}

export function estimate(value: number, drawn: readonly number[]): Estimate {
  const defined = drawn.filter((one) => !Number.isNaN(one));
  return { value, low: quantileOf(defined, LEVEL / 2), high: quantileOf(defined, 1 - LEVEL / 2) };
}

export function judgeGap(metric: GapMetric, interval: Estimate, threshold: number): GapResult {
  const isRatio = metric === 'disparate-impact';
  const range = isRatio ? 1 - threshold : threshold;
  const isBad = isRatio ? interval.high < threshold : interval.low > threshold;
  const isGood = isRatio ? interval.low >= threshold : interval.high <= threshold;
  // an interval wider than the threshold decides nothing, wherever it lies, unless it lies wholly on one side
  const isWide = interval.high - interval.low > range;
  const judgement = isBad ? 'unfair' : isGood && !isWide ? 'fair' : 'insufficient data';
  return { metric, ...interval, threshold, judgement };
}

export function concludeGaps(gaps: readonly GapResult[]): Judgement {
  if (gaps.some(({ judgement }) => judgement === 'unfair')) return 'unfair';
  return gaps.length > 0 && gaps.every(({ judgement }) => judgement === 'fair')
    ? 'fair'
    : 'insufficient data';
}
