import { describe, expect, it } from 'vitest';
import type { FaceSet } from '../data/face-set.ts';
import { PIXEL_COUNT } from '../labels.ts';
import { measurePicture } from '../picture-statistics.ts';
import { encodeInputProfile, INPUT_PROFILE_FILE, profileInputs, readInputProfile } from './input-profile.ts';

/** Pictures of one gray each, 0 to 200, but for a checkerboard of that contrast. */
const faces = (count: number): FaceSet => ({
  count,
  pixels: Uint8Array.from({ length: count * PIXEL_COUNT }, (_, i) => {
    const row = Math.floor(i / PIXEL_COUNT);
    return row + (((i % 48) + Math.floor((i % PIXEL_COUNT) / 48)) % 2) * 10;
  }),
  labels: new Uint8Array(count),
  splits: new Uint8Array(count),
  source: 'made up',
});

describe('the profile of training pictures', () => {
  it('holds the quantiles of brightness, contrast and sharpness', () => {
    const rows = Array.from({ length: 201 }, (_, i) => i);
    const profile = profileInputs(faces(201), rows);
    expect(profile.pictures).toBe(201);
    expect(profile.brightness).toMatchObject({ low: 10, high: 200 });
    expect(profile.brightness.deciles).toEqual([25, 45, 65, 85, 105, 125, 145, 165, 185]);
    expect(profile.contrast.low).toBe(5);
  });

  it('survives its file, and a broken one is refused', () => {
    const profile = profileInputs(faces(20), [1, 2, 3]);
    const files = new Map([[INPUT_PROFILE_FILE, encodeInputProfile(profile)]]);
    expect(readInputProfile(files)).toEqual(profile);
    expect(readInputProfile(new Map())).toBeUndefined();
    const broken = new Map([[INPUT_PROFILE_FILE, new TextEncoder().encode('{}')]]);
    expect(() => readInputProfile(broken)).toThrow(expect.objectContaining({ code: 'bundle-manifest' }));
  });

  it('takes the Laplacian relative to the contrast: half the contrast is as sharp', () => {
    const picture = (amplitude: number) =>
      Uint8Array.from(
        { length: PIXEL_COUNT },
        (_, i) => 100 + (((i % 48) + Math.floor(i / 48)) % 2) * amplitude,
      );
    const [strong, weak] = [measurePicture(picture(80)), measurePicture(picture(40))];
    expect(strong.contrast).toBeCloseTo(40, 6);
    expect(weak.contrast).toBeCloseTo(20, 6);
    expect(strong.sharpness).toBeCloseTo(weak.sharpness, 6);
  });
});
