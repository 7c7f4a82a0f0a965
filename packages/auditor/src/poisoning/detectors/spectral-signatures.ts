import { covarianceOf, leadingDirections } from './embedding-space.ts';

/** Spectral signatures (Tran, Li and Madry 2018), formula 9, for the embeddings of one class. For parity with ART. */
export function scoreSpectralSignatures(embeddings: Float32Array, width: number): Float64Array {
  const { centred, rows } = centreRows(embeddings, width);
  const direction = leadingDirections(covarianceOf(centred, rows, width), width, 1);
  return Float64Array.from({ length: rows }, (_, i) => projectOn(centred, i, direction, width) ** 2);
}

const CLUSTER_COMPONENTS = 10;
const CLUSTER_ITERATIONS = 50;
const SMALL_SHARE = 0.35;
const CLEAR_SILHOUETTE = 0.15;

export type ActivationClusters = {
  readonly isInSmaller: readonly boolean[];
  readonly smallerShare: number;
  readonly silhouette: number;
  readonly isSuspicious: boolean;
};

/**
 * Activation clustering (Chen et al. 2018): ten principal components, two means. ART seeds its clusters at random and
 * changes its mind; here they start from the farthest pair along the first component.
 */
export function clusterActivations(embeddings: Float32Array, width: number): ActivationClusters {
  const { centred, rows } = centreRows(embeddings, width);
  const size = Math.min(CLUSTER_COMPONENTS, width);
  const directions = leadingDirections(covarianceOf(centred, rows, width), width, size);
  const points = Float64Array.from({ length: rows * size }, (_, at) => {
    const direction = directions.subarray((at % size) * width, ((at % size) + 1) * width);
    return projectOn(centred, Math.floor(at / size), direction, width);
  });
  const side = runTwoMeans(points, size);
  const ones = side.reduce((sum, value) => sum + value, 0);
  const smaller = ones * 2 <= rows ? 1 : 0;
  const smallerShare = Math.min(ones, rows - ones) / rows;
  const silhouette = measureSilhouette(points, size, side);
  return {
    isInSmaller: Array.from(side, (value) => value === smaller),
    smallerShare,
    silhouette,
    isSuspicious: smallerShare < SMALL_SHARE && silhouette > CLEAR_SILHOUETTE,
  };
}

function centreRows(embeddings: Float32Array, width: number): { centred: Float32Array; rows: number } {
  const rows = embeddings.length / width;
  const mean = new Float64Array(width);
  for (let at = 0; at < embeddings.length; at++) mean[at % width]! += embeddings[at]! / rows;
  return { centred: embeddings.map((value, at) => value - mean[at % width]!), rows };
}

function projectOn(rows: Float32Array, row: number, direction: Float64Array, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += rows[row * width + d]! * direction[d]!;
  return sum;
}

function runTwoMeans(points: Float64Array, size: number): Uint8Array {
  const rows = points.length / size;
  let least = 0;
  let most = 0;
  for (let i = 1; i < rows; i++) {
    if (points[i * size]! < points[least * size]!) least = i;
    if (points[i * size]! > points[most * size]!) most = i;
  }
  let centres: Float64Array[] = [least, most].map((row) => points.slice(row * size, (row + 1) * size));
  const side = new Uint8Array(rows);
  for (let iteration = 0; iteration < CLUSTER_ITERATIONS; iteration++) {
    for (let i = 0; i < rows; i++)
      side[i] = distance(points, i, centres[1]!) < distance(points, i, centres[0]!) ? 1 : 0;
    centres = [0, 1].map((which) => meanWhere(points, size, side, which));
  }
  return side;
}

function distance(points: Float64Array, row: number, centre: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < centre.length; k++) sum += (points[row * centre.length + k]! - centre[k]!) ** 2;
  return sum;
}

function meanWhere(points: Float64Array, size: number, side: Uint8Array, which: number): Float64Array {
  const mean = new Float64Array(size);
  let count = 0;
  side.forEach((value, i) => {
    if (value !== which) return;
    count += 1;
    for (let k = 0; k < size; k++) mean[k]! += points[i * size + k]!;
  });
  return mean.map((sum) => sum / Math.max(count, 1));
}

/** The simplified silhouette: distances to the two centres instead of to all points. */
function measureSilhouette(points: Float64Array, size: number, side: Uint8Array): number {
  const centres = [0, 1].map((which) => meanWhere(points, size, side, which));
  let sum = 0;
  side.forEach((value, i) => {
    const own = Math.sqrt(distance(points, i, centres[value]!));
    const other = Math.sqrt(distance(points, i, centres[1 - value]!));
    sum += (other - own) / Math.max(own, other, 1e-12);
  });
  return sum / side.length;
}
