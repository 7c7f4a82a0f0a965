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
import { commonClasses, disparateImpact } from './metrics.ts';
import { permutationP } from './permutation-test.ts';

/** What the model said about one picture of a group, where nobody knows what is true. */
export type Selected = { readonly group: string; readonly predicted: number };

export type SelectionReport = {
  readonly groups: Readonly<Record<string, { readonly size: number; readonly selectionRates: Estimate[] }>>;
  readonly tooSmall: readonly string[];
  readonly gaps: readonly GapResult[];
  readonly pairs: readonly {
    readonly groups: readonly [string, string];
    /** Total variation between what the two groups are read as: the share of readings that would have to change. */
    readonly shift: Estimate;
    /** By permutation of group membership, then Holm over all pairs. */
    readonly adjustedP: number;
  }[];
  readonly judgement: Judgement;
};

export type SelectionOptions = {
  readonly classes: number;
  readonly minImpact: number;
  readonly seed: string;
};

/**
 * Groups without true labels: whether they are read alike. A difference may lie in the faces (one group may smile more
 * in these pictures) as well as in the model, so this compares, it does not convict.
 */
export function auditSelection(rows: readonly Selected[], options: SelectionOptions): SelectionReport {
  const { names, samples, tooSmall } = splitGroups(rows);
  const random = seedRandom(`testigo selection ${options.seed}`);
  const ratesOf = (group: readonly Selected[]) => selectionRates(group, options.classes);
  const rates = samples.map(ratesOf);
  const replicas = Array.from({ length: REPLICAS }, () =>
    samples.map((group) => ratesOf(resample(group, random))),
  );
  const sizes = samples.map(({ length }) => length);
  const withSizes = (drawn: readonly (readonly number[])[]) =>
    drawn.map((selectionRates, k) => ({ size: sizes[k]!, selectionRates }));
  const classes = commonClasses(withSizes(rates));
  const impactOf = (drawn: readonly (readonly number[])[]) => disparateImpact(withSizes(drawn), classes);
  const impact = estimate(impactOf(rates), replicas.map(impactOf));
  const gaps = names.length < 2 ? [] : [judgeGap('disparate-impact', impact, options.minImpact)];
  const pairs = pairsOf(names.length);
  const adjusted = adjustByHolm(
    pairs.map(([a, b]) => compareReadings(samples[a]!, samples[b]!, options.classes, random)),
  );
  return {
    groups: Object.fromEntries(
      names.map((name, k) => [
        name,
        {
          size: samples[k]!.length,
          selectionRates: rates[k]!.map((rate, c) =>
            estimate(
              rate,
              replicas.map((replica) => replica[k]![c]!),
            ),
          ),
        },
      ]),
    ),
    tooSmall,
    gaps,
    pairs: pairs.map(([a, b], k) => ({
      groups: [names[a]!, names[b]!],
      shift: estimate(
        totalVariation(rates[a]!, rates[b]!),
        replicas.map((replica) => totalVariation(replica[a]!, replica[b]!)),
      ),
      adjustedP: adjusted[k]!,
    })),
    judgement: concludeGaps(gaps),
  };
}

function selectionRates(rows: readonly Selected[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { predicted } of rows) counts[predicted]! += 1;
  return counts.map((count) => count / rows.length);
}

function totalVariation(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, rate, c) => sum + Math.abs(rate - right[c]!), 0) / 2;
}

function compareReadings(
  left: readonly Selected[],
  right: readonly Selected[],
  classes: number,
  random: Random,
): number {
  const pool = Uint8Array.from([...left, ...right], ({ predicted }) => predicted);
  const total = countClasses(pool, classes);
  const shiftOf = (inside: Uint8Array): number =>
    countClasses(inside, classes).reduce(
      (sum, n, c) => sum + Math.abs(n / left.length - (total[c]! - n) / right.length),
      0,
    ) / 2;
  return permutationP({ pool, left: left.length }, shiftOf, random);
}

function countClasses(predicted: Uint8Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const c of predicted) counts[c]! += 1;
  return counts;
}
