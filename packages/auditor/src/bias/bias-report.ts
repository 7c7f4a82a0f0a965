import { adjustByHolm } from '../poisoning/numeric/multiple-testing.ts';
import { drawInteger, type Random, seedRandom } from '../poisoning/numeric/random.ts';
import { quantileOf } from '../poisoning/numeric/robust.ts';
import {
  accuracyGap,
  disparateImpact,
  equalisedOddsDifference,
  type GroupMetrics,
  type Judged,
  measureGroup,
} from './metrics.ts';

/** Fewer samples than this are not judged as a group. */
const MIN_GROUP = 100;
const REPLICAS = 2000;
const LEVEL = 0.05;

export type Judgement = 'fair' | 'unfair' | 'insufficient data';

/** One measure with its 95 % bootstrap interval. */
export type Estimate = { readonly value: number; readonly low: number; readonly high: number };

export type GapResult = Estimate & {
  readonly metric: 'equalised-odds-difference' | 'disparate-impact' | 'accuracy-gap';
  readonly threshold: number;
  readonly judgement: Judgement;
};

export type PairResult = {
  readonly groups: readonly [string, string];
  readonly difference: Estimate;
  /** Two-sided, by permutation of group membership, then Holm over all pairs. */
  readonly adjustedP: number;
};

export type BiasReport = {
  readonly groups: Readonly<Record<string, GroupMetrics & { readonly accuracyInterval: Estimate }>>;
  readonly tooSmall: readonly string[];
  readonly gaps: readonly GapResult[];
  readonly pairs: readonly PairResult[];
  readonly judgement: Judgement;
};

export type BiasOptions = {
  readonly classes: number;
  readonly maxGap: number;
  readonly minImpact: number;
  readonly seed: string;
};

/** Group fairness with intervals wide enough to be honest: what the data cannot decide is said to be undecided. */
export function auditBias(rows: readonly Judged[], options: BiasOptions): BiasReport {
  const byGroup = new Map<string, Judged[]>();
  for (const row of rows) {
    const group = byGroup.get(row.group);
    if (group === undefined) byGroup.set(row.group, [row]);
    else group.push(row);
  }
  const names = [...byGroup.keys()].sort();
  const judged = names.filter((name) => byGroup.get(name)!.length >= MIN_GROUP);
  const tooSmall = names.filter((name) => !judged.includes(name));
  const samples = judged.map((name) => byGroup.get(name)!);
  const metrics = samples.map((group) => measureGroup(group, options.classes));
  const random = seedRandom(`testigo bias ${options.seed}`);
  const replicas = Array.from({ length: REPLICAS }, () =>
    samples.map((group) => measureGroup(resample(group, random), options.classes)),
  );
  const groups = judged.map((name, k) => {
    const drawn = replicas.map((replica) => replica[k]!.accuracy);
    return [name, { ...metrics[k]!, accuracyInterval: estimate(metrics[k]!.accuracy, drawn) }] as const;
  });
  const gaps = judged.length < 2 ? [] : measureGaps(metrics, replicas, options);
  return {
    groups: Object.fromEntries(groups),
    tooSmall,
    gaps,
    pairs: comparePairs(judged, samples, metrics, replicas, random),
    judgement: concludeGaps(gaps),
  };
}

/** Stratified: every group keeps its size. */
function resample(group: readonly Judged[], random: Random): Judged[] {
  return group.map(() => group[drawInteger(random, group.length)]!);
}

function estimate(value: number, drawn: readonly number[]): Estimate {
  const defined = drawn.filter((one) => !Number.isNaN(one));
  return { value, low: quantileOf(defined, LEVEL / 2), high: quantileOf(defined, 1 - LEVEL / 2) };
}

function measureGaps(metrics: GroupMetrics[], replicas: GroupMetrics[][], options: BiasOptions): GapResult[] {
  const measure = (
    metric: GapResult['metric'],
    of: (groups: readonly GroupMetrics[]) => number,
    threshold: number,
  ): GapResult => {
    const interval = estimate(of(metrics), replicas.map(of));
    const isRatio = metric === 'disparate-impact';
    const range = isRatio ? 1 - threshold : threshold;
    const isBad = isRatio ? interval.high < threshold : interval.low > threshold;
    const isGood = isRatio ? interval.low >= threshold : interval.high <= threshold;
    // an interval wider than the threshold decides nothing, wherever it lies, unless it lies wholly on one side
    const isWide = interval.high - interval.low > range;
    const judgement = isBad ? 'unfair' : isGood && !isWide ? 'fair' : 'insufficient data';
    return { metric, ...interval, threshold, judgement };
  };
  return [
    measure('equalised-odds-difference', equalisedOddsDifference, options.maxGap),
    measure('disparate-impact', disparateImpact, options.minImpact),
    measure('accuracy-gap', accuracyGap, options.maxGap),
  ];
}

/** Differences in accuracy, pair by pair: p from the permutation of hits between the two groups. */
function comparePairs(
  names: readonly string[],
  samples: readonly (readonly Judged[])[],
  metrics: readonly GroupMetrics[],
  replicas: readonly (readonly GroupMetrics[])[],
  random: Random,
): PairResult[] {
  const pairs = names.flatMap((_, a) => names.slice(a + 1).map((_, k) => [a, a + 1 + k] as const));
  const p = pairs.map(([a, b]) => permutationP(hitsOf(samples[a]!), hitsOf(samples[b]!), random));
  const adjusted = adjustByHolm(p);
  return pairs.map(([a, b], k) => ({
    groups: [names[a]!, names[b]!],
    difference: estimate(
      metrics[a]!.accuracy - metrics[b]!.accuracy,
      replicas.map((replica) => replica[a]!.accuracy - replica[b]!.accuracy),
    ),
    adjustedP: adjusted[k]!,
  }));
}

function hitsOf(rows: readonly Judged[]): number[] {
  return rows.map(({ truth, predicted }) => (truth === predicted ? 1 : 0));
}

function permutationP(left: readonly number[], right: readonly number[], random: Random): number {
  const pool = [...left, ...right];
  const total = pool.reduce((sum, hit) => sum + hit, 0);
  const gapOf = (leftHits: number) => Math.abs(leftHits / left.length - (total - leftHits) / right.length);
  const seen = gapOf(left.reduce((sum, hit) => sum + hit, 0));
  let asExtreme = 0;
  for (let replica = 0; replica < REPLICAS; replica++) {
    let hits = 0;
    // partial Fisher and Yates: only the left group needs drawing
    for (let k = 0; k < left.length; k++) {
      const at = k + drawInteger(random, pool.length - k);
      const kept = pool[k]!;
      pool[k] = pool[at]!;
      pool[at] = kept;
      hits += pool[k]!;
    }
    if (gapOf(hits) >= seen - 1e-12) asExtreme += 1;
  }
  return (1 + asExtreme) / (1 + REPLICAS);
}

function concludeGaps(gaps: readonly GapResult[]): Judgement {
  if (gaps.some(({ judgement }) => judgement === 'unfair')) return 'unfair';
  return gaps.length > 0 && gaps.every(({ judgement }) => judgement === 'fair')
    ? 'fair'
    : 'insufficient data';
}
