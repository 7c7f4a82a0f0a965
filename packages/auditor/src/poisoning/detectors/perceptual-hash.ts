import { PIXELS as IMAGE_PIXELS, SIDE as IMAGE_SIDE, type SampleSet } from '../sample-set.ts';

// Copies: a test runner turns each use of an imported constant into a call, and these loops run long.
const PIXELS = IMAGE_PIXELS;
const SIDE = IMAGE_SIDE;

/** Formula 1: shrink to 32x32, 2-D DCT, the 8x8 lowest frequencies without DC, one bit for each above the median. */
const SHRUNK = 32;
const KEPT = 8;

/** Row u: cosine u of a type-II DCT over 32 points, applied after area shrinking from 48: one 8x48 matrix. */
const TRANSFORM = makeTransform();

function makeTransform(): Float64Array {
  const matrix = new Float64Array(KEPT * SIDE);
  const ratio = SIDE / SHRUNK;
  for (let u = 0; u < KEPT; u++) {
    for (let i = 0; i < SHRUNK; i++) {
      const weight = Math.cos((Math.PI * (2 * i + 1) * u) / (2 * SHRUNK));
      for (let x = 0; x < SIDE; x++) {
        const overlap = Math.min(x + 1, (i + 1) * ratio) - Math.max(x, i * ratio);
        if (overlap > 0) matrix[u * SIDE + x]! += (weight * overlap) / ratio;
      }
    }
  }
  return matrix;
}

/** The 63-bit hash of every row, as two 32-bit words a row. */
export function hashPerceptually(set: SampleSet): Int32Array {
  const hashes = new Int32Array(set.size * 2);
  const halves = new Float64Array(KEPT * SIDE);
  const coefficients = new Float64Array(KEPT * KEPT - 1);
  for (let row = 0; row < set.size; row++) {
    transformRow(set.pixels, row * PIXELS, halves, coefficients);
    const sorted = coefficients.slice().sort();
    const median = sorted[sorted.length >> 1]!;
    for (let k = 0; k < coefficients.length; k++) {
      if (coefficients[k]! > median) hashes[row * 2 + (k >> 5)]! |= 1 << (k & 31);
    }
  }
  return hashes;
}

function transformRow(pixels: Uint8Array, start: number, halves: Float64Array, out: Float64Array): void {
  for (let u = 0; u < KEPT; u++) {
    for (let y = 0; y < SIDE; y++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += TRANSFORM[u * SIDE + x]! * pixels[start + y * SIDE + x]!;
      halves[u * SIDE + y] = sum;
    }
  }
  for (let v = 0; v < KEPT; v++) {
    for (let u = 0; u < KEPT; u++) {
      if (u === 0 && v === 0) continue;
      let sum = 0;
      for (let y = 0; y < SIDE; y++) sum += TRANSFORM[v * SIDE + y]! * halves[u * SIDE + y]!;
      out[v * KEPT + u - 1] = sum;
    }
  }
}

export function hammingDistance(hashes: Int32Array, a: number, b: number): number {
  return countBits(hashes[a * 2]! ^ hashes[b * 2]!) + countBits(hashes[a * 2 + 1]! ^ hashes[b * 2 + 1]!);
}

/** Population count of 32 bits in parallel (Warren, Hacker's Delight, 5-1). */
function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Normalised cross-correlation of two rows, -1 to 1; 0 when either is constant. */
export function correlateRows(set: SampleSet, a: number, b: number): number {
  let sumA = 0;
  let sumB = 0;
  let squareA = 0;
  let squareB = 0;
  let product = 0;
  for (let i = 0; i < PIXELS; i++) {
    const left = set.pixels[a * PIXELS + i]!;
    const right = set.pixels[b * PIXELS + i]!;
    sumA += left;
    sumB += right;
    squareA += left * left;
    squareB += right * right;
    product += left * right;
  }
  const varianceA = squareA - (sumA * sumA) / PIXELS;
  const varianceB = squareB - (sumB * sumB) / PIXELS;
  if (varianceA <= 0 || varianceB <= 0) return 0;
  return (product - (sumA * sumB) / PIXELS) / Math.sqrt(varianceA * varianceB);
}
