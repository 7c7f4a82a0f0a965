import { PIXELS as IMAGE_PIXELS, SIDE as IMAGE_SIDE, type SampleSet } from '../sample-set.ts';

// Copies: a test runner turns each use of an imported constant into a call, and these loops run long.
const PIXELS = IMAGE_PIXELS;
const SIDE = IMAGE_SIDE;

const BLOCK = 6;
const BLOCKS_PER_SIDE = SIDE / BLOCK;
const BLOCKS = BLOCKS_PER_SIDE * BLOCKS_PER_SIDE;
/** One ratio for each block and each of the two directions. */
export const FEATURES = 2 * BLOCKS;
/** Added to both energies of a block: one gray level of noise, so that a flat block says nothing. */
const NOISE_FLOOR = 20;

const sharp = new Float64Array(BLOCKS);
const coarse = new Float64Array(BLOCKS);

/**
 * For each 6x6 block and direction ln(sum of squared second differences / sum of squared differences two apart).
 * Where an image was moved by a part f of a pixel with bilinear weights, its highest frequency is multiplied by
 * |1 - 2f|: the second difference loses, the difference of pixels two apart does not. (The trace of resampling:
 * Popescu and Farid 2005.)
 */
export function measureResampling(set: SampleSet, rows: ArrayLike<number>): Float32Array {
  const features = new Float32Array(rows.length * FEATURES);
  for (let k = 0; k < rows.length; k++) {
    const start = rows[k]! * PIXELS;
    measureDirection(set.pixels, start, SIDE, 1, features, k * FEATURES);
    measureDirection(set.pixels, start, 1, SIDE, features, k * FEATURES + BLOCKS);
  }
  return features;
}

/** `along` is the stride in the direction looked at, `across` that of the other. */
function measureDirection(
  pixels: Uint8Array,
  start: number,
  along: number,
  across: number,
  out: Float32Array,
  outStart: number,
): void {
  sharp.fill(0);
  coarse.fill(0);
  for (let line = 0; line < SIDE; line++) {
    const row = Math.floor(line / BLOCK) * BLOCKS_PER_SIDE;
    for (let at = 1; at < SIDE - 1; at++) {
      const centre = start + line * across + at * along;
      const before = pixels[centre - along]!;
      const after = pixels[centre + along]!;
      const second = before - 2 * pixels[centre]! + after;
      const block = row + Math.floor(at / BLOCK);
      sharp[block]! += second * second;
      coarse[block]! += (after - before) * (after - before);
    }
  }
  for (let block = 0; block < BLOCKS; block++) {
    out[outStart + block] = Math.log((sharp[block]! + NOISE_FLOOR) / (coarse[block]! + NOISE_FLOOR));
  }
}
