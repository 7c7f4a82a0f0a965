import { seedRandom } from '../numeric/random.ts';
import { robustScaleOf } from '../numeric/robust.ts';
import { PIXELS as IMAGE_PIXELS, SIDE as IMAGE_SIDE, type SampleSet } from '../sample-set.ts';

// Copies: a test runner turns each use of an imported constant into a call, and these loops run long.
const PIXELS = IMAGE_PIXELS;
const SIDE = IMAGE_SIDE;

/** Formula 3. */
const DIRECTIONS = 4;
const ITERATIONS = 30;
const NORM_FLOOR = 1e-3;

/**
 * High-pass residual r = x - G * x, G = [1 2 1]^T [1 2 1] / 16, edges replicated, scaled to unit length.
 * A face is smooth; what is left holds a blended pattern at far better signal to noise.
 */
export function highPass(pixels: Uint8Array, start: number, out: Float32Array, outStart: number): void {
  let square = 0;
  for (let y = 0; y < SIDE; y++) {
    const up = start + Math.max(y - 1, 0) * SIDE;
    const here = start + y * SIDE;
    const down = start + Math.min(y + 1, SIDE - 1) * SIDE;
    for (let x = 0; x < SIDE; x++) {
      const left = Math.max(x - 1, 0);
      const right = Math.min(x + 1, SIDE - 1);
      const blur =
        pixels[up + left]! +
        2 * pixels[up + x]! +
        pixels[up + right]! +
        2 * (pixels[here + left]! + 2 * pixels[here + x]! + pixels[here + right]!) +
        pixels[down + left]! +
        2 * pixels[down + x]! +
        pixels[down + right]!;
      const residual = pixels[here + x]! - blur / 16;
      out[outStart + y * SIDE + x] = residual;
      square += residual * residual;
    }
  }
  const norm = Math.sqrt(square) + NORM_FLOOR;
  for (let i = 0; i < PIXELS; i++) out[outStart + i]! /= norm;
}

/** Residuals of the given rows, one after another. */
export function highPassRows(set: SampleSet, rows: ArrayLike<number>): Float32Array {
  const residuals = new Float32Array(rows.length * PIXELS);
  for (let k = 0; k < rows.length; k++) highPass(set.pixels, rows[k]! * PIXELS, residuals, k * PIXELS);
  return residuals;
}

export type HighPassModel = {
  readonly mean: Float64Array;
  /** DIRECTIONS unit vectors of 2,304. */
  readonly directions: Float64Array;
  readonly centres: readonly number[];
  readonly spreads: readonly number[];
};

/**
 * Leading directions of a class's residuals about the reference classes' mean, by block power iteration on
 * B^T B / N_c with Gram-Schmidt (Golub and Van Loan 7.3.2). The start is fixed, so the result is too.
 */
export function fitHighPassSvd(residuals: Float32Array, mean: Float64Array): HighPassModel {
  const rows = residuals.length / PIXELS;
  let directions = startDirections();
  const means = new Float64Array(DIRECTIONS);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    projectMean(mean, directions, means);
    const next = new Float64Array(DIRECTIONS * PIXELS);
    const projection = new Float64Array(DIRECTIONS);
    for (let k = 0; k < rows; k++) {
      projectRow(residuals, k * PIXELS, directions, means, projection);
      accumulateRow(residuals, k * PIXELS, mean, projection, next);
    }
    orthonormalise(next);
    directions = next;
  }
  projectMean(mean, directions, means);
  const columns = Array.from({ length: DIRECTIONS }, () => new Float64Array(rows));
  const projection = new Float64Array(DIRECTIONS);
  for (let k = 0; k < rows; k++) {
    projectRow(residuals, k * PIXELS, directions, means, projection);
    for (let j = 0; j < DIRECTIONS; j++) columns[j]![k] = projection[j]!;
  }
  const scales = columns.map(robustScaleOf);
  return { mean, directions, centres: scales.map((s) => s.centre), spreads: scales.map((s) => s.spread) };
}

/** s = max_j |B v_j - median| / (1.4826 MAD), for residuals of any rows. */
export function scoreHighPassSvd(model: HighPassModel, residuals: Float32Array): Float64Array {
  const means = new Float64Array(DIRECTIONS);
  projectMean(model.mean, model.directions, means);
  const projection = new Float64Array(DIRECTIONS);
  return Float64Array.from({ length: residuals.length / PIXELS }, (_, k) => {
    projectRow(residuals, k * PIXELS, model.directions, means, projection);
    let worst = 0;
    for (let j = 0; j < DIRECTIONS; j++) {
      worst = Math.max(worst, Math.abs(projection[j]! - model.centres[j]!) / model.spreads[j]!);
    }
    return worst;
  });
}

function startDirections(): Float64Array {
  const random = seedRandom('testigo high-pass directions');
  const directions = Float64Array.from({ length: DIRECTIONS * PIXELS }, () => random() - 0.5);
  orthonormalise(directions);
  return directions;
}

function projectMean(mean: Float64Array, directions: Float64Array, out: Float64Array): void {
  for (let j = 0; j < DIRECTIONS; j++) {
    let sum = 0;
    for (let i = 0; i < PIXELS; i++) sum += mean[i]! * directions[j * PIXELS + i]!;
    out[j] = sum;
  }
}

function projectRow(
  b: Float32Array,
  start: number,
  v: Float64Array,
  means: Float64Array,
  out: Float64Array,
): void {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < PIXELS; i++) {
    const value = b[start + i]!;
    s0 += value * v[i]!;
    s1 += value * v[PIXELS + i]!;
    s2 += value * v[2 * PIXELS + i]!;
    s3 += value * v[3 * PIXELS + i]!;
  }
  out[0] = s0 - means[0]!;
  out[1] = s1 - means[1]!;
  out[2] = s2 - means[2]!;
  out[3] = s3 - means[3]!;
}

function accumulateRow(
  b: Float32Array,
  start: number,
  mean: Float64Array,
  p: Float64Array,
  out: Float64Array,
): void {
  const [p0, p1, p2, p3] = [p[0]!, p[1]!, p[2]!, p[3]!];
  for (let i = 0; i < PIXELS; i++) {
    const value = b[start + i]! - mean[i]!;
    out[i]! += value * p0;
    out[PIXELS + i]! += value * p1;
    out[2 * PIXELS + i]! += value * p2;
    out[3 * PIXELS + i]! += value * p3;
  }
}

function orthonormalise(vectors: Float64Array): void {
  for (let j = 0; j < DIRECTIONS; j++) {
    const vector = vectors.subarray(j * PIXELS, (j + 1) * PIXELS);
    for (let k = 0; k < j; k++) {
      const earlier = vectors.subarray(k * PIXELS, (k + 1) * PIXELS);
      let dot = 0;
      for (let i = 0; i < PIXELS; i++) dot += vector[i]! * earlier[i]!;
      for (let i = 0; i < PIXELS; i++) vector[i]! -= dot * earlier[i]!;
    }
    let square = 0;
    for (const value of vector) square += value * value;
    const norm = Math.sqrt(square) + 1e-30;
    for (let i = 0; i < PIXELS; i++) vector[i]! /= norm;
  }
}
