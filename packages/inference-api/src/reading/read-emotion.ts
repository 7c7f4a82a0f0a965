import type { Face, FaceDetector } from '../faces/face-detector.ts';
import { type Box, cropFace } from '../image/crop.ts';
import { type DecodeLimits, decodeImage } from '../image/decode.ts';
import { toPpm, topIndex } from './scores.ts';

/** The part of a model bundle that readings need. */
export type EmotionClassifier = {
  /** Output order. */
  readonly labels: readonly string[];
  /** n x 48 x 48 gray bytes in, n x labels calibrated probabilities out. */
  predict(pixels: Uint8Array): Promise<Float32Array>;
};

export type Reading = {
  readonly outcome: 'reading';
  readonly face: Face;
  readonly box: Box;
  readonly label: string;
  readonly confidencePpm: number;
  /** In the model's label order; they sum to 10^6. */
  readonly scoresPpm: readonly number[];
};

export type NoReading = { readonly outcome: 'refused'; readonly reason: 'no-face' | 'several-faces' };

export type EmotionReader = {
  /** @throws ApiError where the bytes are no picture: nothing is recorded then, there was nothing to read. */
  readEmotion(picture: Uint8Array): Promise<Reading | NoReading>;
};

type ReaderParts = {
  readonly detector: FaceDetector;
  readonly classifier: EmotionClassifier;
  readonly limits: DecodeLimits;
};

const toWholePixels = (box: Box): Box => ({
  x: Math.round(box.x),
  y: Math.round(box.y),
  width: Math.round(box.width),
  height: Math.round(box.height),
});

export const createEmotionReader = ({ detector, classifier, limits }: ReaderParts): EmotionReader => ({
  readEmotion: async (picture) => {
    const image = await decodeImage(picture, limits);
    const faces = await detector.detectFaces(image);
    const [face] = faces;
    if (!face) return { outcome: 'refused', reason: 'no-face' };
    if (faces.length > 1) return { outcome: 'refused', reason: 'several-faces' };
    // Whole pixels before the crop: the recorded box then determines the network's input exactly.
    const box = toWholePixels(face.box);
    const scoresPpm = toPpm(await classifier.predict(cropFace(image, box)));
    const top = topIndex(scoresPpm);
    const label = classifier.labels[top];
    const confidencePpm = scoresPpm[top];
    if (label === undefined || confidencePpm === undefined)
      throw new RangeError('The model has fewer labels than scores.');
    return { outcome: 'reading', face, box, label, confidencePpm, scoresPpm };
  },
});
