import type { Box } from '../image/crop.ts';
import type { RgbImage } from '../image/decode.ts';

export type Point = { readonly x: number; readonly y: number };

/** One face in pixels of the picture. The landmarks serve the pose check; they are never recorded. */
export type Face = {
  readonly box: Box;
  readonly score: number;
  /** Right eye, left eye, nose, mouth, right ear, left ear, as the subject would name them. */
  readonly landmarks: readonly Point[];
};

export type FaceDetector = {
  /** Name and version, for records and metrics. */
  readonly name: string;
  detectFaces(image: RgbImage): Promise<readonly Face[]>;
  close(): Promise<void>;
};
