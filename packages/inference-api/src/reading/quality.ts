import { measurePicture, type PictureStatistics } from '@testigo/model/picture-statistics';
import type { Face } from '../faces/face-detector.ts';
import type { Box } from '../image/crop.ts';

export type Quality = PictureStatistics & {
  /** Of the detected box, in pixels of the picture. */
  readonly faceWidth: number;
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

export const measureQuality = (face: Face, box: Box, pixels: Uint8Array): Quality => ({
  faceWidth: box.width,
  ...measurePicture(pixels),
  ...measurePose(face),
});

/** The first thing that makes a reading worthless, or undefined. */
export const judgeQuality = (quality: Quality): QualityReason | undefined => {
  const [dark, bright] = QUALITY_LIMITS.brightness;
  if (quality.faceWidth < QUALITY_LIMITS.faceWidth) return 'face-too-small';
  if (quality.brightness < dark || quality.brightness > bright || quality.contrast < QUALITY_LIMITS.contrast)
    return 'light-unfit';
  if (quality.turn > QUALITY_LIMITS.turn || quality.tilt > QUALITY_LIMITS.tilt) return 'face-turned';
  return quality.sharpness < QUALITY_LIMITS.sharpness ? 'face-blurred' : undefined;
};
