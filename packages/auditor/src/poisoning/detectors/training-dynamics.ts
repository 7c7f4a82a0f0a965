import { quantileOf } from '../numeric/robust.ts';

/** ABL looks at the first three epochs. */
const EARLY_EPOCHS = 3;
/** Pleiss et al. 2020, section 3.2: the percentile of the fake class's margins that a believed label passes. */
const FAKE_QUANTILE = 0.99;

/** AUM (Pleiss et al. 2020): a low mean margin over training means the label was never believed. */
export function scoreAreaUnderMargin(margin: Float32Array): Float64Array {
  return Float64Array.from(margin, (value) => -value);
}

/**
 * Rows whose label the training never believed: their margin is no higher than that of the fake class's rows, which
 * nothing but memory can tell apart (formula 8's threshold).
 */
export function findDisbelieved(margin: Float32Array, fakeMargin: Float32Array): number[] {
  const threshold = quantileOf(fakeMargin, FAKE_QUANTILE);
  return [...margin.keys()].filter((row) => margin[row]! <= threshold);
}

/**
 * ABL (Li et al. 2021): poison is learnt first, so the lowest mean loss in epochs 1 to 3 is the suspicion. A
 * rank alone: its first 1 %, which the paper isolates, are there in a clean set too.
 */
export function scoreEarlyLoss(loss: Float32Array, rows: number): Float64Array {
  const epochs = Math.min(EARLY_EPOCHS, loss.length / rows);
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let e = 0; e < epochs; e++) sum += loss[e * rows + i]!;
    return -sum / epochs;
  });
}
