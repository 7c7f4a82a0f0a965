import { readBundle, readInputProfile, shippedBundle } from '@testigo/model';
import { measurePicture } from '@testigo/model/picture-statistics';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { facePicture } from '../../test/support/pictures.ts';
import { cropFace } from '../image/crop.ts';
import { decodeImage } from '../image/decode.ts';
import { createDriftMonitor, judgeDrift } from './drift.ts';

const profile = readInputProfile(readBundle(shippedBundle()).files)!;
const limits = { imagePixels: 1e6, decodeTimeoutMs: 5_000 };
// Where the detector finds the face of this picture, roughly: the statistics hardly depend on it.
const box = { x: 230, y: 150, width: 180, height: 180 };

const faceUnder = async (change: (picture: Sharp) => Sharp) => {
  const changed = await change(sharp(await facePicture()))
    .png()
    .toBuffer();
  return measurePicture(cropFace(await decodeImage(changed, limits), box));
};

describe('drift of the input', () => {
  it('is not seen on a clean picture, and names what is shifted on others', async () => {
    const clean = await faceUnder((picture) => picture);
    expect(judgeDrift(profile, Array(8).fill(clean))).toEqual({
      faces: 8,
      outsidePpm: { brightness: 0, contrast: 0, sharpness: 0 },
      isDrifted: false,
    });
    const shifts = {
      brightness: await faceUnder((picture) => picture.linear(0.3)),
      contrast: await faceUnder((picture) => picture.linear(0.2, 100)),
      sharpness: await faceUnder((picture) => picture.blur(12)),
    };
    for (const [name, face] of Object.entries(shifts)) {
      const drift = judgeDrift(profile, Array(8).fill(face));
      expect(drift).toMatchObject({ isDrifted: true, outsidePpm: { [name]: 1_000_000 } });
    }
  });

  it('counts shares, and says nothing of too few faces', async () => {
    const clean = await faceUnder((picture) => picture);
    const dark = { ...clean, brightness: 10 };
    expect(judgeDrift(profile, [clean, clean, clean, dark, dark])).toMatchObject({
      outsidePpm: { brightness: 400_000 },
      isDrifted: false,
    });
    expect(judgeDrift(profile, [dark, dark, dark, clean, clean])?.isDrifted).toBe(true);
    expect(judgeDrift(profile, [dark, dark, dark, dark])).toBeUndefined();
  });

  it('measures a whole service by the population stability index', () => {
    const spread = createDriftMonitor(profile);
    const shifted = createDriftMonitor(profile);
    const { deciles } = profile.brightness;
    const middles = [deciles[0]! - 1, ...deciles.map((cut) => cut + 0.01)];
    for (let i = 0; i < 199; i++) spread.add({ brightness: middles[i % 10]!, contrast: 50, sharpness: 0.7 });
    expect(spread.stabilityOf('brightness')).toBeNaN();
    spread.add({ brightness: middles[9]!, contrast: 50, sharpness: 0.7 });
    expect(spread.stabilityOf('brightness')).toBeCloseTo(0, 10);
    // All in one tenth: (205 - n) ln ... worked by hand for 200 faces and half a face a bin.
    for (let i = 0; i < 200; i++) shifted.add({ brightness: middles[0]!, contrast: 50, sharpness: 0.7 });
    const [full, empty] = [200.5 / 205, 0.5 / 205];
    const expected = (full - 0.1) * Math.log(full * 10) + 9 * (empty - 0.1) * Math.log(empty * 10);
    expect(shifted.stabilityOf('brightness')).toBeCloseTo(expected, 10);
    expect(expected).toBeGreaterThan(0.25);
  });

  it('forgets what is long past', () => {
    const monitor = createDriftMonitor(profile);
    const { deciles } = profile.brightness;
    const middles = [deciles[0]! - 1, ...deciles.map((cut) => cut + 0.01)];
    for (let i = 0; i < 1_000; i++) monitor.add({ brightness: 0, contrast: 50, sharpness: 0.7 });
    for (let i = 0; i < 5_000; i++)
      monitor.add({ brightness: middles[i % 10]!, contrast: 50, sharpness: 0.7 });
    expect(monitor.stabilityOf('brightness')).toBeCloseTo(0, 10);
  });
});
