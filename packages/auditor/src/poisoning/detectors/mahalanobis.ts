import { factorCholesky, solveLower } from '../numeric/cholesky.ts';
import { CLASSES } from '../sample-set.ts';
import { covarianceOf, type EmbeddingSpace } from './embedding-space.ts';

/** Formula 7: pooled covariance + 1e-3 I. */
const RIDGE = 1e-3;

/** Squared distance to the nearest class mean under the pooled covariance (Lee et al. 2018): far means foreign. */
export function measureMahalanobis(space: EmbeddingSpace, labels: Uint8Array): Float64Array {
  const { rows, size, vectors } = space;
  const means = new Float64Array(CLASSES * size);
  const counts = new Float64Array(CLASSES);
  for (let i = 0; i < rows; i++) {
    counts[labels[i]!]! += 1;
    for (let k = 0; k < size; k++) means[labels[i]! * size + k]! += vectors[i * size + k]!;
  }
  for (let c = 0; c < CLASSES; c++)
    for (let k = 0; k < size; k++) means[c * size + k]! /= Math.max(counts[c]!, 1);
  const centred = new Float32Array(vectors.length);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < size; k++)
      centred[i * size + k] = vectors[i * size + k]! - means[labels[i]! * size + k]!;
  }
  const covariance = covarianceOf(centred, rows, size);
  for (let k = 0; k < size; k++) covariance[k * size + k]! += RIDGE;
  const factor = factorCholesky(covariance, size);
  const solved = new Float64Array(size);
  return Float64Array.from({ length: rows }, (_, i) => {
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < CLASSES; c++) {
      if (counts[c] === 0) continue;
      for (let a = 0; a < size; a++) solved[a] = vectors[i * size + a]! - means[c * size + a]!;
      solveLower(factor, size, solved);
      let square = 0;
      for (const value of solved) square += value * value;
      least = Math.min(least, square);
    }
    return least;
  });
}
