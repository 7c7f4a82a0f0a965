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
      let square = 0;
      for (let a = 0; a < size; a++) {
        let sum = vectors[i * size + a]! - means[c * size + a]!;
        for (let b = 0; b < a; b++) sum -= factor[a * size + b]! * solved[b]!;
        solved[a] = sum / factor[a * size + a]!;
        square += solved[a]! ** 2;
      }
      least = Math.min(least, square);
    }
    return least;
  });
}

/** Lower factor of a symmetric positive definite matrix (Golub and Van Loan 4.2.5). */
function factorCholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * size + b]!;
      for (let k = 0; k < b; k++) sum -= factor[a * size + k]! * factor[b * size + k]!;
      factor[a * size + b] = a === b ? Math.sqrt(sum) : sum / factor[b * size + b]!;
    }
  }
  return factor;
}
