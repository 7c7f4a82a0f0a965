/** ABL looks at the first three epochs. */
const EARLY_EPOCHS = 3;

/** AUM (Pleiss et al. 2020): a low mean margin over training means the label was never believed. */
export function scoreAreaUnderMargin(margin: Float32Array): Float64Array {
  return Float64Array.from(margin, (value) => -value);
}

/** ABL (Li et al. 2021): poison is learnt first, so the lowest mean loss in epochs 1 to 3 is the suspicion. */
export function scoreEarlyLoss(loss: Float32Array, rows: number): Float64Array {
  const epochs = Math.min(EARLY_EPOCHS, loss.length / rows);
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let e = 0; e < epochs; e++) sum += loss[e * rows + i]!;
    return -sum / epochs;
  });
}
