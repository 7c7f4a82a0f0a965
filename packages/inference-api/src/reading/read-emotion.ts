import type { Face } from '../faces/face-detector.ts';
import type { FaceFinder, FaceMemory } from '../faces/find-faces.ts';
import { type Box, cropFace } from '../image/crop.ts';
import { type DecodeLimits, decodeImage } from '../image/decode.ts';
import type { Stage } from '../tracing/spans.ts';
import { type Conformal, toConformal } from './conformal.ts';
import type { EmotionNetwork } from './emotion-network.ts';
import { judgeQuality, measureQuality, type Quality, type QualityReason } from './quality.ts';
import { toPpm, topIndex } from './scores.ts';
import { measureStages } from './stages.ts';

/** The part of a model bundle that readings need. */
export type EmotionClassifier = Pick<EmotionNetwork, 'predict'> & {
  /** Output order. */
  readonly labels: readonly string[];
  /** Of the conformal sets; undefined where the model was not calibrated for them. */
  readonly conformalQuantilePpm: number | undefined;
};

export type Reading = {
  readonly outcome: 'reading';
  readonly face: Face;
  readonly box: Box;
  readonly label: string;
  readonly confidencePpm: number;
  /** In the model's label order; they sum to 10^6. */
  readonly scoresPpm: readonly number[];
  readonly conformal: Conformal | undefined;
  readonly quality: Quality;
  /** How long each part took, for traces. */
  readonly stages: readonly Stage[];
};

export type NoReading = {
  readonly outcome: 'refused';
  readonly reason: 'no-face' | 'several-faces' | QualityReason;
  readonly stages: readonly Stage[];
  /** Where there was one face to measure. */
  readonly quality?: Quality;
};

export type EmotionReader = {
  /** @throws ApiError where the bytes are no picture: nothing is recorded then, there was nothing to read. */
  readEmotion(picture: Uint8Array, memory?: FaceMemory): Promise<Reading | NoReading>;
};

type ReaderParts = {
  readonly finder: FaceFinder;
  readonly classifier: EmotionClassifier;
  readonly limits: DecodeLimits;
};

const toWholePixels = (box: Box): Box => ({
  x: Math.round(box.x),
  y: Math.round(box.y),
  width: Math.max(1, Math.round(box.width)),
  height: Math.max(1, Math.round(box.height)),
});

export const createEmotionReader = ({ finder, classifier, limits }: ReaderParts): EmotionReader => ({
  readEmotion: async (picture, memory) => {
    const { stages, measure } = measureStages();
    const refused = (reason: NoReading['reason'], quality?: Quality): NoReading => ({
      outcome: 'refused',
      reason,
      stages,
      ...(quality ? { quality } : {}),
    });
    const image = await measure('decode', () => decodeImage(picture, limits));
    const faces = await measure('detect', () => finder.findFaces(image, memory));
    const [face] = faces;
    if (!face) return refused('no-face');
    if (faces.length > 1) return refused('several-faces');
    // Whole pixels before the crop: the recorded box then determines the network's input exactly.
    const box = toWholePixels(face.box);
    const pixels = cropFace(image, box);
    const quality = measureQuality(face, box, pixels);
    const reason = judgeQuality(quality);
    if (reason) return refused(reason, quality);
    const { probabilities } = await measure('classify', () => classifier.predict(pixels));
    const scoresPpm = toPpm(probabilities);
    const top = topIndex(scoresPpm);
    const label = classifier.labels[top];
    const confidencePpm = scoresPpm[top];
    if (label === undefined || confidencePpm === undefined)
      throw new RangeError('The model has fewer labels than scores.');
    const quantile = classifier.conformalQuantilePpm;
    const conformal =
      quantile === undefined ? undefined : toConformal(classifier.labels, scoresPpm, quantile);
    return { outcome: 'reading', face, box, label, confidencePpm, scoresPpm, conformal, quality, stages };
  },
});
