import { factorCholesky, solveLower } from '../numeric/cholesky.ts';
import { quantileOf } from '../numeric/robust.ts';
import { CLASSES } from '../sample-set.ts';
import { covarianceOf } from './embedding-space.ts';

/** Added to the diagonal of the pooled covariance: embeddings may have dimensions that never move. */
const RIDGE = 1e-4;
/** Each round fits on the nearest four fifths of the last: what is foreign would else stretch the very ruler. */
const KEPT = 0.8;
const ROUNDS = 5;

/**
 * Distance to the nearest class mean under the pooled covariance (Lee et al. 2018), both fitted without the farthest
 * rows (reweighting as in Rousseeuw and Van Driessen 1999). Embeddings (n x width) are means of rectified maps, whose
 * spread grows with their size: their square roots, sign kept, have about the same spread everywhere.
 */
export function measureMahalanobis(
  embeddings: Float32Array,
  width: number,
  labels: Uint8Array,
): Float64Array {
  const roots = embeddings.map((value) => Math.sign(value) * Math.sqrt(Math.abs(value)));
  let isKept: (row: number) => boolean = () => true;
  let distances = new Float64Array(labels.length);
  for (let round = 0; round < ROUNDS; round++) {
    distances = measureFrom(roots, width, labels, isKept);
    const bound = quantileOf(distances, KEPT);
    const last = distances;
    isKept = (row) => last[row]! <= bound;
  }
  return distances;
}

function measureFrom(
  vectors: Float32Array,
  width: number,
  labels: Uint8Array,
  isKept: (row: number) => boolean,
): Float64Array<ArrayBuffer> {
  const kept = [...labels.keys()].filter(isKept);
  const means = new Float64Array(CLASSES * width);
  const counts = new Float64Array(CLASSES);
  for (const row of kept) {
    counts[labels[row]!]! += 1;
    for (let k = 0; k < width; k++) means[labels[row]! * width + k]! += vectors[row * width + k]!;
  }
  for (let c = 0; c < CLASSES; c++)
    for (let k = 0; k < width; k++) means[c * width + k]! /= Math.max(counts[c]!, 1);
  const centred = new Float32Array(kept.length * width);
  kept.forEach((row, i) => {
    for (let k = 0; k < width; k++)
      centred[i * width + k] = vectors[row * width + k]! - means[labels[row]! * width + k]!;
  });
  const covariance = covarianceOf(centred, kept.length, width);
  for (let k = 0; k < width; k++) covariance[k * width + k]! += RIDGE;
  const factor = factorCholesky(covariance, width);
  // L^-1 x and L^-1 mu once each: the distance is then Euclidean
  const whiteMeans = means.slice();
  for (let c = 0; c < CLASSES; c++)
    solveLower(factor, width, whiteMeans.subarray(c * width, (c + 1) * width));
  const white = new Float64Array(width);
  return Float64Array.from(labels, (_, row) => {
    for (let k = 0; k < width; k++) white[k] = vectors[row * width + k]!;
    solveLower(factor, width, white);
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < CLASSES; c++) {
      if (counts[c] === 0) continue;
      let square = 0;
      for (let k = 0; k < width; k++) square += (white[k]! - whiteMeans[c * width + k]!) ** 2;
      least = Math.min(least, square);
    }
    return Math.sqrt(least);
  });
}
