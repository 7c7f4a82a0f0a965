import { PIXELS as IMAGE_PIXELS } from '../sample-set.ts';

// Copies: a test runner turns each use of an imported constant into a call, and these loops run long.
const PIXELS = IMAGE_PIXELS;

/** Formula 5: how many of the strangest pixels count, and the caps that keep one term from drowning the other. */
const TOP = 12;
const KURTOSIS_CAP = 50;
const DRIFT_CAP = 50;

export type PixelMoments = { readonly mean: Float64Array; readonly deviation: Float64Array };

export function pixelMoments(residuals: Float32Array): PixelMoments {
  const rows = residuals.length / PIXELS;
  const mean = new Float64Array(PIXELS);
  const square = new Float64Array(PIXELS);
  for (let start = 0; start < residuals.length; start += PIXELS) {
    for (let i = 0; i < PIXELS; i++) {
      const value = residuals[start + i]!;
      mean[i]! += value;
      square[i]! += value * value;
    }
  }
  const deviation = new Float64Array(PIXELS);
  for (let i = 0; i < PIXELS; i++) {
    mean[i]! /= rows;
    deviation[i] = Math.sqrt(Math.max(square[i]! / rows - mean[i]! ** 2, 0)) + 1e-9;
  }
  return { mean, deviation };
}

export type SparseModel = { readonly reference: PixelMoments; readonly pixels: readonly number[] };

/**
 * A tiny saturated patch (white corner) leaves most pixels alone and gives a few a heavy tail or a drift:
 * rank pixels by min(kurtosis, 50) + min(|mean| sqrt(N_c), 50) of the standardised residual, keep twelve.
 */
export function fitSparsePixel(residuals: Float32Array, reference: PixelMoments): SparseModel {
  const rows = residuals.length / PIXELS;
  const first = new Float64Array(PIXELS);
  const second = new Float64Array(PIXELS);
  const third = new Float64Array(PIXELS);
  const fourth = new Float64Array(PIXELS);
  for (let start = 0; start < residuals.length; start += PIXELS) {
    for (let i = 0; i < PIXELS; i++) {
      const z = (residuals[start + i]! - reference.mean[i]!) / reference.deviation[i]!;
      first[i]! += z;
      second[i]! += z * z;
      third[i]! += z * z * z;
      fourth[i]! += z * z * z * z;
    }
  }
  const rank = Float64Array.from({ length: PIXELS }, (_, i) => {
    const m = first[i]! / rows;
    const m2 = second[i]! / rows;
    const m3 = third[i]! / rows;
    const variance = Math.max(m2 - m * m, 1e-12);
    const fourthCentral = fourth[i]! / rows - 4 * m * m3 + 6 * m * m * m2 - 3 * m ** 4;
    const kurtosis = fourthCentral / variance ** 2 - 3;
    return Math.min(kurtosis, KURTOSIS_CAP) + Math.min(Math.abs(m) * Math.sqrt(rows), DRIFT_CAP);
  });
  const order = Array.from({ length: PIXELS }, (_, i) => i).sort((a, b) => rank[b]! - rank[a]! || a - b);
  return { reference, pixels: order.slice(0, TOP) };
}

/** s = mean |z| over the kept pixels. */
export function scoreSparsePixel(model: SparseModel, residuals: Float32Array): Float64Array {
  const { mean, deviation } = model.reference;
  return Float64Array.from({ length: residuals.length / PIXELS }, (_, k) => {
    let sum = 0;
    for (const i of model.pixels) sum += Math.abs(residuals[k * PIXELS + i]! - mean[i]!) / deviation[i]!;
    return sum / model.pixels.length;
  });
}
