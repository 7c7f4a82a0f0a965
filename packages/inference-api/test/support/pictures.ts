import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const demo = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo');

/** Pictures that @vladmandic/face-api ships under MIT. */
export const samplePicture = (n: 1 | 2 | 3 | 4 | 5 | 6): Buffer => readFileSync(join(demo, `sample${n}.jpg`));

/** A plain gradient: a valid picture with nobody in it. */
export const emptyPicture = (width = 320, height = 240): Promise<Buffer> => {
  const pixels = Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => (i / 3) % 251));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
};

/** The real pictures of the project's data folder, where TESTIGO_DATA names it. */
export const dataFolder = process.env.TESTIGO_DATA;

/** Splits a motion-JPEG file at its JPEG end markers. */
export const readFrames = (file: string): Buffer[] => {
  const bytes = readFileSync(file);
  const frames: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(Buffer.from([0xff, 0xd9]), from);
    if (end < 0) break;
    frames.push(bytes.subarray(from, end + 2));
    from = end + 2;
  }
  return frames;
};

/** One person, cut out of a sample picture of several. */
export const facePicture = (): Promise<Buffer> =>
  sharp(samplePicture(1))
    .extract({ left: 200, top: 250, width: 600, height: 450 })
    .resize(640, 480)
    .jpeg()
    .toBuffer();
