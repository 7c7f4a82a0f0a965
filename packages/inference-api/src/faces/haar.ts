import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type CvModule from '@techstark/opencv-js';
import { cropGray } from '../image/crop.ts';
import type { RgbImage } from '../image/decode.ts';
import type { Face, FaceDetector } from './face-detector.ts';

const CASCADE = 'haarcascade_frontalface_alt2.xml';
const CASCADE_FILE = new URL(`../../assets/${CASCADE}`, import.meta.url);

/** The search's steps, as face software commonly sets them: a tenth between sizes, three neighbours to confirm. */
const SCALE_STEP = 1.1;
const NEIGHBOURS = 3;
/** Smaller faces could not be read anyway (QUALITY_LIMITS.faceWidth); in large pictures small finds are noise. */
const LEAST_SIDE = 40;
const LEAST_SHARE = 0.1;

/**
 * FER's framing is given in BlazeFace's boxes, and a cascade's square is a little larger and higher. Median over the
 * pictures of docs/faces.md in which both find the face, in widths of the cascade's square.
 */
const TO_BLAZE = { width: 0.93, down: 0.12 } as const;

type Cv = typeof CvModule;

/** Wrapped and required: OpenCV's module has a `then` of its own, so no promise may ever resolve to it. */
const loadOpenCv = async (): Promise<{ readonly cv: Cv }> => {
  // 11 MB of WebAssembly: loaded only where this detector is asked for.
  const cv = createRequire(import.meta.url)('@techstark/opencv-js') as Cv;
  if (!cv.Mat) await new Promise<void>((resolve) => Object.assign(cv, { onRuntimeInitialized: resolve }));
  return { cv };
};

const toFace = (square: { readonly x: number; readonly y: number; readonly width: number }): Face => {
  const width = square.width * TO_BLAZE.width;
  const centreX = square.x + square.width / 2;
  const centreY = square.y + square.width * (0.5 + TO_BLAZE.down);
  return {
    box: { x: centreX - width / 2, y: centreY - width / 2, width, height: width },
    // A cascade says yes or no, and it has no landmarks: the pose is not judged.
    score: 1,
    landmarks: [],
  };
};

/** Viola and Jones's cascade (2001) in OpenCV: slower than BlazeFace and blind to turned heads, but widely known. */
export const loadHaar = async (): Promise<FaceDetector> => {
  const { cv } = await loadOpenCv();
  cv.FS_createDataFile('/', CASCADE, readFileSync(CASCADE_FILE), true, false, false);
  const classifier = new cv.CascadeClassifier();
  if (!classifier.load(CASCADE)) throw new Error(`OpenCV cannot read ${CASCADE}`);
  return {
    name: 'haar-frontalface-alt2',
    detectFaces: async (image: RgbImage): Promise<readonly Face[]> => {
      const { width, height } = image;
      const gray = cv.matFromArray(height, width, cv.CV_8UC1, cropGray(image, { x: 0, y: 0, width, height }));
      const found = new cv.RectVector();
      const least = Math.max(LEAST_SIDE, Math.round(LEAST_SHARE * Math.min(width, height)));
      try {
        classifier.detectMultiScale(
          gray,
          found,
          SCALE_STEP,
          NEIGHBOURS,
          0,
          new cv.Size(least, least),
          new cv.Size(0, 0),
        );
        return Array.from({ length: found.size() }, (_, i) => toFace(found.get(i)));
      } finally {
        gray.delete();
        found.delete();
      }
    },
    close: async () => classifier.delete(),
  };
};
