import { factorCholesky, solveLower, solveLowerTransposed } from '../numeric/cholesky.ts';
import { seedRandom } from '../numeric/random.ts';
import { robustScaleOf } from '../numeric/robust.ts';
import { testMirroredExcess } from '../numeric/tail-excess.ts';
import { covarianceOf } from './embedding-space.ts';
import { FEATURES as FEATURE_COUNT } from './resampling-features.ts';

// A copy: a test runner turns each use of an imported constant into a call, and these loops run long.
const FEATURES = FEATURE_COUNT;

const ITERATIONS = 1000;
/** Of the mean variance, added to each: keeps the factor of the reference defined. */
const RIDGE = 1e-3;

/** Both sides are tried: a p-value of the better one is to be multiplied by this. */
export const RESAMPLING_SIDES = 2;

/**
 * WaNet (Nguyen and Tran 2021) moves every poisoned picture by one smooth field of parts of a pixel. The eye sees
 * nothing, but each block is blurred by its own, always the same amount. So: the direction of the block ratios
 * (resampling-features.ts) whose variance in the class is largest against the other classes,
 *   max_w (w' S_class w) / (w' S_others w),
 * by power iteration on L^-1 S_class L^-T with S_others = L L'. Faces vary along it too, but to both sides; poison lies
 * on one. The score is the robust z of the projection, positive on the side that has more of the class far out.
 */
export function scoreResamplingTrace(own: Float32Array, others: Float32Array): Float64Array {
  const upper = projectRows(own, findDirection(covarianceAbout(own), covarianceAbout(others)));
  const lower = upper.map((value) => -value);
  return testMirroredExcess(lower).p < testMirroredExcess(upper).p ? lower : upper;
}

function projectRows(features: Float32Array, direction: Float64Array): Float64Array {
  const projected = Float64Array.from({ length: features.length / FEATURES }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < FEATURES; i++) sum += features[k * FEATURES + i]! * direction[i]!;
    return sum;
  });
  const { centre, spread } = robustScaleOf(projected);
  return projected.map((value) => (value - centre) / spread);
}

function covarianceAbout(features: Float32Array): Float64Array {
  const rows = features.length / FEATURES;
  const mean = new Float64Array(FEATURES);
  for (let i = 0; i < features.length; i++) mean[i % FEATURES]! += features[i]! / rows;
  return covarianceOf(
    features.map((value, i) => value - mean[i % FEATURES]!),
    rows,
    FEATURES,
  );
}

function findDirection(own: Float64Array, others: Float64Array): Float64Array {
  const factor = factorCholesky(withRidge(others), FEATURES);
  const random = seedRandom('testigo resampling direction');
  let vector = Float64Array.from({ length: FEATURES }, () => random() - 0.5);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    solveLowerTransposed(factor, FEATURES, vector);
    const next = multiply(own, vector);
    solveLower(factor, FEATURES, next);
    const norm = Math.hypot(...next) + 1e-300;
    vector = next.map((value) => value / norm);
  }
  solveLowerTransposed(factor, FEATURES, vector);
  return vector;
}

function withRidge(matrix: Float64Array): Float64Array {
  let trace = 0;
  for (let i = 0; i < FEATURES; i++) trace += matrix[i * FEATURES + i]!;
  const ridged = matrix.slice();
  for (let i = 0; i < FEATURES; i++) ridged[i * FEATURES + i]! += (RIDGE * trace) / FEATURES + 1e-12;
  return ridged;
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  return Float64Array.from({ length: FEATURES }, (_, a) => {
    let sum = 0;
    for (let b = 0; b < FEATURES; b++) sum += matrix[a * FEATURES + b]! * vector[b]!;
    return sum;
  });
}
