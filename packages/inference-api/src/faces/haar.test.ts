import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyPicture, facePicture } from '../../test/support/pictures.ts';
import { parseConfig } from '../config.ts';
import { decodeImage } from '../image/decode.ts';
import { overlapOfBoxes } from './blaze-decode.ts';
import type { FaceFinder } from './find-faces.ts';
import { openFaceFinder } from './open-face-finder.ts';

const registry = { rpcUrl: 'http://127.0.0.1:1', address: `0x${'0'.repeat(40)}`, chainId: 1 };
const open = (faces: object) => openFaceFinder(parseConfig({ faces, registry }).faces);
const limits = { imagePixels: 1e6, decodeTimeoutMs: 5_000 };

let haar: FaceFinder;
let blaze: FaceFinder;
beforeAll(async () => {
  [haar, blaze] = await Promise.all([open({ detector: 'haar' }), open({})]);
});
afterAll(() => Promise.all([haar.close(), blaze.close()]));

describe('the Haar cascade behind the same interface', () => {
  it('finds the face that BlazeFace finds, in a box of the same framing', async () => {
    const image = await decodeImage(await facePicture(), limits);
    const [ours, theirs] = [await haar.findFaces(image), await blaze.findFaces(image)];
    expect(haar.name).toBe('haar-frontalface-alt2');
    expect(ours).toHaveLength(1);
    expect(overlapOfBoxes(ours[0]!.box, theirs[0]!.box)).toBeGreaterThan(0.6);
  });

  it('finds nobody in an empty picture, and remembers for streams as BlazeFace does', async () => {
    const image = await decodeImage(await emptyPicture(), limits);
    const memory = { framesSinceSweep: 3 };
    expect(await haar.findFaces(image, memory)).toEqual([]);
    expect(memory).toEqual({ last: undefined, framesSinceSweep: 0 });
  });

  it('is asked for by name, and nothing else is taken', () => {
    expect(() => parseConfig({ faces: { detector: 'dlib' }, registry })).toThrow('faces.detector');
  });
});
