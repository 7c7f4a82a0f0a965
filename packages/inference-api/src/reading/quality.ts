import type { Face } from '../faces/face-detector.ts';
import { type Box, FACE_SIZE } from '../image/crop.ts';

export type Quality = {
  /** Of the detected box, in pixels of the picture. */
  readonly faceWidth: number;
  /** Mean and standard deviation of the 48 x 48 input, 0 to 255. */
  readonly brightness: number;
  readonly contrast: number;
  /** Variance of the Laplacian over the input (Pech-Pacheco et al. 2000), divided by its variance: free of contrast. */
  readonly sharpness: number;
  /** How far the nose lies off the eyes' middle, in eye distances: 0 frontal, about .5 at 45 degrees. */
  readonly turn: number;
  /** Degrees of the eye line. */
  readonly tilt: number;
};

export type QualityReason = 'face-too-small' | 'light-unfit' | 'face-blurred' | 'face-turned';

export const QUALITY_LIMITS = {
  // 41 x 1.17 = 48: below it the crop would have to be enlarged, and its preprocessing would no longer be shrinking.
  faceWidth: 41,
  brightness: [30, 230],
  contrast: 10,
  sharpness: 0.1,
  turn: 0.6,
  tilt: 40,
} as const;

const variance = (values: ArrayLike<number>): { mean: number; variance: number } => {
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
      out[to] =
        pixels[at - 1]! +
        pixels[at + 1]! +
        pixels[at - FACE_SIZE]! +
        pixels[at + FACE_SIZE]! -
        4 * pixels[at]!;
    }
  }
  return out;
};

const measurePose = ({ landmarks }: Face): Pick<Quality, 'turn' | 'tilt'> => {
  const [right, left, nose] = landmarks;
  if (!right || !left || !nose) return { turn: 0, tilt: 0 };
  const across = { x: left.x - right.x, y: left.y - right.y };
  const distance = Math.max(1e-6, Math.hypot(across.x, across.y));
  const offset = { x: nose.x - (left.x + right.x) / 2, y: nose.y - (left.y + right.y) / 2 };
  return {
    turn: Math.abs((offset.x * across.x + offset.y * across.y) / (distance * distance)),
    tilt: Math.abs((Math.atan2(across.y, across.x) * 180) / Math.PI),
  };
};

export const measureQuality = (face: Face, box: Box, pixels: Uint8Array): Quality => {
  const light = variance(pixels);
  return {
    faceWidth: box.width,
    brightness: light.mean,
    contrast: Math.sqrt(light.variance),
    sharpness: variance(laplacianOf(pixels)).variance / Math.max(1, light.variance),
    ...measurePose(face),
  };
};

/** The first thing that makes a reading worthless, or undefined. */
export const judgeQuality = (quality: Quality): QualityReason | undefined => {
  const [dark, bright] = QUALITY_LIMITS.brightness;
  if (quality.faceWidth < QUALITY_LIMITS.faceWidth) return 'face-too-small';
  if (quality.brightness < dark || quality.brightness > bright || quality.contrast < QUALITY_LIMITS.contrast)
    return 'light-unfit';
  if (quality.turn > QUALITY_LIMITS.turn || quality.tilt > QUALITY_LIMITS.tilt) return 'face-turned';
  return quality.sharpness < QUALITY_LIMITS.sharpness ? 'face-blurred' : undefined;
};
