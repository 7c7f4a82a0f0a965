import { adjustByHolm } from '../poisoning/numeric/multiple-testing.ts';
import { type Random, seedRandom } from '../poisoning/numeric/random.ts';
import {
  concludeGaps,
  type Estimate,
  estimate,
  type GapResult,
  type Judgement,
  judgeGap,
  pairsOf,
  REPLICAS,
  resample,
  splitGroups,
} from './judge-gap.ts';
import {
  accuracyGap,
  commonClasses,
  disparateImpact,
  equalisedOddsDifference,
  type GroupMetrics,
  type Judged,
  measureGroup,
} from './metrics.ts';
import { permutationP } from './permutation-test.ts';

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
  const { names: judged, samples, tooSmall } = splitGroups(rows);
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

function measureGaps(metrics: GroupMetrics[], replicas: GroupMetrics[][], options: BiasOptions): GapResult[] {
  const measure = (
    metric: GapResult['metric'],
    of: (groups: readonly GroupMetrics[]) => number,
    threshold: number,
  ): GapResult => judgeGap(metric, estimate(of(metrics), replicas.map(of)), threshold);
  const classes = commonClasses(metrics);
  return [
    measure('equalised-odds-difference', equalisedOddsDifference, options.maxGap),
    measure('disparate-impact', (groups) => disparateImpact(groups, classes), options.minImpact),
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
  const pairs = pairsOf(names.length);
  const p = pairs.map(([a, b]) => compareHits(samples[a]!, samples[b]!, random));
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

function compareHits(left: readonly Judged[], right: readonly Judged[], random: Random): number {
  const pool = Uint8Array.from([...left, ...right], ({ truth, predicted }) => (truth === predicted ? 1 : 0));
  const total = sumOf(pool);
  const gapOf = (inside: Uint8Array): number => {
    const hits = sumOf(inside);
    return Math.abs(hits / left.length - (total - hits) / right.length);
  };
  return permutationP({ pool, left: left.length }, gapOf, random);
}

const sumOf = (hits: Uint8Array): number => hits.reduce((sum, hit) => sum + hit, 0);
