import { FACE_SIZE } from './labels.ts';

/** What a 48 x 48 picture is like before anybody looks at the face in it. */
export type PictureStatistics = {
  /** Mean and standard deviation of the pixels, 0 to 255. */
  readonly brightness: number;
  readonly contrast: number;
  /** Variance of the Laplacian (Pech-Pacheco et al. 2000), divided by the pixels' variance: free of contrast. */
  readonly sharpness: number;
};

const momentsOf = (values: ArrayLike<number>): { mean: number; variance: number } => {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! * values[i]!;
  }
  const mean = sum / values.length;
  return { mean, variance: Math.max(0, squares / values.length - mean * mean) };
};

const laplacianOf = (pixels: Uint8Array): Float64Array => {
  const inner = FACE_SIZE - 2;
  const out = new Float64Array(inner * inner);
  for (let y = 1, to = 0; y <= inner; y++) {
    for (let x = 1; x <= inner; x++, to++) {
      const at = y * FACE_SIZE + x;
      const around = pixels[at - 1]! + pixels[at + 1]! + pixels[at - FACE_SIZE]! + pixels[at + FACE_SIZE]!;
      out[to] = around - 4 * pixels[at]!;
    }
  }
  return out;
};

export const measurePicture = (pixels: Uint8Array): PictureStatistics => {
  const { mean, variance } = momentsOf(pixels);
  return {
    brightness: mean,
    contrast: Math.sqrt(variance),
    sharpness: momentsOf(laplacianOf(pixels)).variance / Math.max(1, variance),
  };
};
