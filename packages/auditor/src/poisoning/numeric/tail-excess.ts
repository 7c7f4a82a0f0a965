import { binomialTail } from './binomial.ts';
import { rankDescending } from './ranking.ts';

/** A class's own noise fits its own directions a little: only what passes the null stretched by this much counts. */
const MARGIN = 1.3;
/** Scores are robust z: below four lies the bulk, where classes differ because faces do. */
const TAIL_FROM = 4;

export type TailExcess = {
  /** Bonferroni-corrected over the thresholds tried. */
  readonly p: number;
  /** The threshold with the least p: rows at or above it make the excess. */
  readonly threshold: number;
};

/**
 * Has the class more extreme rows than its share, against rows of the other classes scored by the same model?
 * At each of the class's 2^k highest scores t, m class rows and r null rows (stretched) lie at or above t; without
 * poison the m of m + r are Binomial(m + r, n / (n + n_null)).
 */
export function testTailExcess(scores: Float64Array, nullScores: Float64Array): TailExcess {
  return testExcess(scores, nullScores, MARGIN, TAIL_FROM);
}

/** The same against rows that are exchangeable with clean ones, as a reserve's are: no margin, the whole range. */
export function testReserveExcess(scores: Float64Array, reserveScores: Float64Array): TailExcess {
  return testExcess(scores, reserveScores, 1, Number.NEGATIVE_INFINITY);
}

/** The lower side stretched by this much stands for the upper side of a clean class, which is seldom quite symmetric. */
const MIRROR_MARGIN = 1.4;
const MIRROR_FROM = 1.5;
/** Share of false alarms that flags may hold, as the mirrored side estimates it. */
const MIRROR_FALSE_SHARE = 0.1;

/**
 * Has the upper side of centred scores more rows far out than the lower side, stretched? The side without poison is the
 * null. `threshold` is the lowest t with (1 + #{s <= -t}) / #{s >= t} <= 0.1: at symmetric clean scores this keeps the
 * expected share of false alarms among the rows at or above t below 0.1 (Barber and Candes 2015, equation 1.9).
 */
export function testMirroredExcess(scores: Float64Array): TailExcess {
  const mirrored = scores.map((score) => -score);
  const test = testExcess(scores, mirrored, MIRROR_MARGIN, MIRROR_FROM);
  const upper = scores.slice().sort();
  const lower = mirrored.sort();
  let threshold = Number.POSITIVE_INFINITY;
  for (let k = upper.length - 1; k >= 0 && upper[k]! > 0; k--) {
    if ((1 + countAtLeast(lower, upper[k]!)) / (upper.length - k) <= MIRROR_FALSE_SHARE)
      threshold = upper[k]!;
  }
  return { p: test.p, threshold };
}

function testExcess(
  scores: Float64Array,
  nullScores: Float64Array,
  margin: number,
  from: number,
): TailExcess {
  const share = scores.length / (scores.length + nullScores.length);
  const order = rankDescending(scores);
  const sortedNull = nullScores.slice().sort();
  let best: TailExcess = { p: 1, threshold: Number.POSITIVE_INFINITY };
  let tried = 0;
  for (let count = 1; count <= order.length / 2; count *= 2) tried += 1;
  for (let count = 1; count <= order.length / 2; count *= 2) {
    const threshold = scores[order[count - 1]!]!;
    if (threshold < from) break;
    const above = countAtLeast(sortedNull, threshold / margin);
    const p = Math.min(1, tried * binomialTail(count + above, count, share));
    if (p < best.p) best = { p, threshold };
  }
  return best;
}

/** How many values of an ascending array are >= bound. */
export function countAtLeast(sorted: Float64Array, bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return sorted.length - low;
}
