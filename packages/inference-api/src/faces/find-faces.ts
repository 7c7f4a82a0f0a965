import type { Box } from '../image/crop.ts';
import type { RgbImage } from '../image/decode.ts';
import { overlapOfBoxes } from './blaze-decode.ts';
import type { WindowedDetector } from './blaze-face.ts';
import type { Face, FaceDetector } from './face-detector.ts';

/** What a stream remembers between frames; belongs to one stream. */
export type FaceMemory = { last?: Box | undefined; framesSinceSweep: number };

export const newFaceMemory = (): FaceMemory => ({ framesSinceSweep: 0 });

export type FaceFinder = {
  readonly name: string;
  findFaces(image: RgbImage, memory?: FaceMemory): Promise<readonly Face[]>;
  close(): Promise<void>;
};

// A second face can stay unseen between two looks at the whole picture: five frames are a third of a second.
const SWEEP_EVERY = 5;
const SAME_FACE = 0.3;

const around = (box: Box) => {
  const side = 2 * Math.max(box.width, box.height);
  return { x: box.x + box.width / 2 - side / 2, y: box.y + box.height / 2 - side / 2, side };
};

/** Looks at the whole picture, or in streams mostly at twice the last box only, which costs a quarter. */
export const createFaceFinder = (whole: FaceDetector, near: WindowedDetector | undefined): FaceFinder => {
  const follow = async (image: RgbImage, memory: FaceMemory): Promise<readonly Face[] | undefined> => {
    if (!near || !memory.last || memory.framesSinceSweep >= SWEEP_EVERY) return undefined;
    const faces = await near.detectWithin(image, around(memory.last));
    const [face] = faces;
    const isSame =
      faces.length === 1 && face !== undefined && overlapOfBoxes(face.box, memory.last) >= SAME_FACE;
    return isSame ? faces : undefined;
  };
  return {
    name: near ? `${whole.name}+${near.name}` : whole.name,
    findFaces: async (image, memory) => {
      if (!memory) return whole.detectFaces(image);
      const followed = await follow(image, memory);
      const faces = followed ?? (await whole.detectFaces(image));
      memory.framesSinceSweep = followed ? memory.framesSinceSweep + 1 : 0;
      memory.last = faces.length === 1 ? faces[0]?.box : undefined;
      return faces;
    },
    close: async () => {
      await whole.close();
      await near?.close();
    },
  };
};
