import { seedRandom } from '../numeric/random.ts';

/** Neighbours and distances are taken among this many principal directions: a quarter of the work, the same order. */
const KEPT = 64;
const ITERATIONS = 20;

export type EmbeddingSpace = {
  readonly rows: number;
  readonly size: number;
  /** rows x size, each row of unit length. */
  readonly vectors: Float32Array;
};

/** Rows scaled to unit length, centred, turned to their leading directions and scaled to unit length again. */
export function reduceEmbeddings(embeddings: Float32Array, width: number): EmbeddingSpace {
  const rows = embeddings.length / width;
  const centred = centreUnitRows(embeddings, rows, width);
  const size = Math.min(KEPT, width);
  const directions = leadingDirections(covarianceOf(centred, rows, width), width, size);
  const vectors = new Float32Array(rows * size);
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let k = 0; k < size; k++) {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += centred[i * width + d]! * directions[k * width + d]!;
      vectors[i * size + k] = sum;
      square += sum * sum;
    }
    const norm = Math.sqrt(square) + 1e-12;
    for (let k = 0; k < size; k++) vectors[i * size + k]! /= norm;
  }
  return { rows, size, vectors };
}

function centreUnitRows(embeddings: Float32Array, rows: number, width: number): Float32Array {
  const unit = new Float32Array(embeddings.length);
  const mean = new Float64Array(width);
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let d = 0; d < width; d++) square += embeddings[i * width + d]! ** 2;
    const norm = Math.sqrt(square) + 1e-12;
    for (let d = 0; d < width; d++) {
      unit[i * width + d] = embeddings[i * width + d]! / norm;
      mean[d]! += unit[i * width + d]! / rows;
    }
  }
  for (let i = 0; i < rows; i++) for (let d = 0; d < width; d++) unit[i * width + d]! -= mean[d]!;
  return unit;
}

export function covarianceOf(centred: Float32Array, rows: number, width: number): Float64Array {
  const covariance = new Float64Array(width * width);
  for (let i = 0; i < rows; i++) {
    const start = i * width;
    for (let a = 0; a < width; a++) {
      const left = centred[start + a]! / rows;
      if (left === 0) continue;
      for (let b = a; b < width; b++) covariance[a * width + b]! += left * centred[start + b]!;
    }
  }
  for (let a = 0; a < width; a++)
    for (let b = 0; b < a; b++) covariance[a * width + b] = covariance[b * width + a]!;
  return covariance;
}

/** Block power iteration with Gram-Schmidt from a fixed start. */
function leadingDirections(matrix: Float64Array, width: number, count: number): Float64Array {
  const random = seedRandom('testigo embedding directions');
  let block = Float64Array.from({ length: count * width }, () => random() - 0.5);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = new Float64Array(count * width);
    for (let k = 0; k < count; k++) {
      for (let a = 0; a < width; a++) {
        let sum = 0;
        for (let b = 0; b < width; b++) sum += matrix[a * width + b]! * block[k * width + b]!;
        next[k * width + a] = sum;
      }
    }
    orthonormaliseRows(next, count, width);
    block = next;
  }
  return block;
}

function orthonormaliseRows(block: Float64Array, count: number, width: number): void {
  for (let k = 0; k < count; k++) {
    const row = block.subarray(k * width, (k + 1) * width);
    for (let j = 0; j < k; j++) {
      const earlier = block.subarray(j * width, (j + 1) * width);
      let dot = 0;
      for (let d = 0; d < width; d++) dot += row[d]! * earlier[d]!;
      for (let d = 0; d < width; d++) row[d]! -= dot * earlier[d]!;
    }
    let square = 0;
    for (const value of row) square += value * value;
    const norm = Math.sqrt(square) + 1e-30;
    for (let d = 0; d < width; d++) row[d]! /= norm;
  }
}
