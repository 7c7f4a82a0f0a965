// BlazeFace beside the Haar cascade, on the real pictures and on those that @vladmandic/face-api ships:
//   TESTIGO_DATA=… node scripts/compare-detectors.ts
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { overlapOfBoxes } from '../src/faces/blaze-decode.ts';
import { loadBlazeFace } from '../src/faces/blaze-face.ts';
import type { FaceDetector } from '../src/faces/face-detector.ts';
import { loadHaar } from '../src/faces/haar.ts';
import { decodeImage, type RgbImage } from '../src/image/decode.ts';
import { dataFolder, emptyPicture, readFrames, samplePicture } from '../test/support/pictures.ts';

if (!dataFolder) throw new Error('TESTIGO_DATA does not name the folder of the real pictures');
const media = (name: string): string => join(dataFolder!, 'media', name);
const one = (name: string): Buffer[] => [readFileSync(media(name))];
const SETS: readonly (readonly [string, readonly Buffer[]])[] = [
  ['talking-head-1', readFrames(media('talking-head-1.mjpeg'))],
  ['talking-head-2', readFrames(media('talking-head-2.mjpeg'))],
  ['portraits', [...one('portrait-astronaut.png'), ...one('portrait-official.jpg')]],
  ['two-faces', one('two-faces.jpg')],
  ['no-face, and a gradient', [...one('no-face.jpg'), await emptyPicture()]],
  ['six groups', ([1, 2, 3, 4, 5, 6] as const).map(samplePicture)],
];
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timed = async (detector: FaceDetector, image: RgbImage, times: number[]) => {
  const from = performance.now();
  const faces = await detector.detectFaces(image);
  times.push(performance.now() - from);
  return faces;
};

const blaze = await loadBlazeFace({ variant: 'back', threshold: 0.7, threads: 1 });
const haar = await loadHaar();
for (const [name, pictures] of SETS) {
  const [blazeMs, haarMs, overlaps]: [number[], number[], number[]] = [[], [], []];
  let [blazeFaces, haarFaces, shared] = [0, 0, 0];
  for (const picture of pictures) {
    const image = await decodeImage(picture, { imagePixels: 1e8, decodeTimeoutMs: 10_000 });
    const [theirs, ours] = [await timed(blaze, image, blazeMs), await timed(haar, image, haarMs)];
    blazeFaces += theirs.length;
    haarFaces += ours.length;
    for (const face of theirs) {
      const best = Math.max(0, ...ours.map((other) => overlapOfBoxes(face.box, other.box)));
      if (best < 0.3) continue;
      shared += 1;
      overlaps.push(best);
    }
  }
  process.stdout.write(
    `${name.padEnd(24)} ${String(pictures.length).padStart(3)} pictures   BlazeFace ${blazeFaces} faces, ${median(blazeMs).toFixed(1)} ms   Haar ${haarFaces} faces, ${median(haarMs).toFixed(1)} ms   both ${shared}, overlap ${median(overlaps).toFixed(2)}\n`,
  );
}
await Promise.all([blaze.close(), haar.close()]);
