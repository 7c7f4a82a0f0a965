import type { Box } from '../image/crop.ts';
import type { Face, Point } from './face-detector.ts';

/** Where a square network input lies in the picture: its corner and side, in pixels of the picture. */
export type Window = { readonly x: number; readonly y: number; readonly side: number };

// BlazeFace's two layers (Bazarevsky et al. 2019, section 3.2): 16 x 16 cells with 2 anchors, 8 x 8 with 6.
export const BLAZE_LAYERS = [
  { cells: 16, anchors: 2 },
  { cells: 8, anchors: 6 },
] as const;

const VALUES_PER_ANCHOR = 16;
const LANDMARKS = 6;

export type BlazeOutput = { readonly scores: Float32Array; readonly boxes: Float32Array };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const readCandidate = (
  boxes: Float32Array,
  at: number,
  anchor: Point,
  inputSize: number,
  window: Window,
  score: number,
): Face => {
  const toX = (value: number): number => window.x + (anchor.x + value / inputSize) * window.side;
  const toY = (value: number): number => window.y + (anchor.y + value / inputSize) * window.side;
  const width = (boxes[at + 2]! / inputSize) * window.side;
  const height = (boxes[at + 3]! / inputSize) * window.side;
  const landmarks: Point[] = [];
  for (let i = 0; i < LANDMARKS; i++) {
    landmarks.push({ x: toX(boxes[at + 4 + 2 * i]!), y: toY(boxes[at + 5 + 2 * i]!) });
  }
  return {
    box: { x: toX(boxes[at]!) - width / 2, y: toY(boxes[at + 1]!) - height / 2, width, height },
    score,
    landmarks,
  };
};

/** Candidates above the threshold, in pixels of the picture. */
export const readCandidates = (
  layers: readonly BlazeOutput[],
  inputSize: number,
  window: Window,
  threshold: number,
): Face[] => {
  const logitThreshold = Math.log(threshold / (1 - threshold));
  const found: Face[] = [];
  BLAZE_LAYERS.forEach(({ cells, anchors }, layer) => {
    const { scores, boxes } = layers[layer]!;
    for (let i = 0; i < scores.length; i++) {
      const logit = scores[i]!;
      if (!(logit >= logitThreshold)) continue;
      const cell = Math.floor(i / anchors);
      const anchor = { x: ((cell % cells) + 0.5) / cells, y: (Math.floor(cell / cells) + 0.5) / cells };
      found.push(readCandidate(boxes, i * VALUES_PER_ANCHOR, anchor, inputSize, window, sigmoid(logit)));
    }
  });
  return found;
};

/** Intersection over union. */
export const overlapOfBoxes = (a: Box, b: Box): number => {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const shared = Math.max(0, width) * Math.max(0, height);
  const total = a.width * a.height + b.width * b.height - shared;
  return total > 0 ? shared / total : 0;
};

const blend = (group: readonly Face[]): Face => {
  const total = group.reduce((sum, face) => sum + face.score, 0);
  const mean = (pick: (face: Face) => number): number =>
    group.reduce((sum, face) => sum + pick(face) * face.score, 0) / total;
  return {
    box: {
      x: mean((f) => f.box.x),
      y: mean((f) => f.box.y),
      width: mean((f) => f.box.width),
      height: mean((f) => f.box.height),
    },
    score: Math.max(...group.map((face) => face.score)),
    landmarks: group[0]!.landmarks.map((_, i) => ({
      x: mean((f) => f.landmarks[i]!.x),
      y: mean((f) => f.landmarks[i]!.y),
    })),
  };
};

/** Blends overlapping candidates by score instead of dropping them, which steadies the box in video (ibid., section 3.3). */
export const mergeCandidates = (candidates: readonly Face[], overlapThreshold: number): Face[] => {
  let rest = [...candidates].sort((a, b) => b.score - a.score);
  const faces: Face[] = [];
  while (rest.length > 0) {
    const best = rest[0]!;
    const group = rest.filter(
      (face) => face === best || overlapOfBoxes(face.box, best.box) >= overlapThreshold,
    );
    rest = rest.filter((face) => !group.includes(face));
    faces.push(blend(group));
  }
  return faces;
};
