/** Scales a median absolute deviation to a normal standard deviation: 1 / Phi^-1(3/4). */
const MAD_TO_SD = 1.4826;

/** The value at `fraction` of the sorted order, linear between neighbours (type 7, as numpy and R). */
export function quantileOf(values: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return Number.NaN;
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

export function medianOf(values: ArrayLike<number>): number {
  return quantileOf(values, 0.5);
}

export type RobustScale = { readonly centre: number; readonly spread: number };

/** Median and scaled median absolute deviation; half the data may lie anywhere without moving either far. */
export function robustScaleOf(values: ArrayLike<number>): RobustScale {
  const centre = medianOf(values);
  const deviations = Float64Array.from(values, (value) => Math.abs(value - centre));
  return { centre, spread: Math.max(MAD_TO_SD * medianOf(deviations), 1e-12) };
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length === 0 ? Number.NaN : sum / values.length;
}

export function standardDeviationOf(values: ArrayLike<number>): number {
  const mean = meanOf(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - mean) ** 2;
  return Math.sqrt(sum / Math.max(values.length - 1, 1));
}
