import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cropFace, cropGray, FACE_SIZE, frameFace } from './crop.ts';
import { resample } from './resample.ts';

const solid = (width: number, height: number, [r, g, b]: readonly [number, number, number]) => ({
  width,
  height,
  pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => [r, g, b][i % 3]!),
});

describe('cropping a face', () => {
  it('weighs colours as BT.601 does', () => {
    const whole = { x: 0, y: 0, width: 2, height: 2 };
    const grayOf = (rgb: readonly [number, number, number]) => cropGray(solid(2, 2, rgb), whole)[0];
    expect([grayOf([255, 0, 0]), grayOf([0, 255, 0]), grayOf([0, 0, 255]), grayOf([255, 255, 255])]).toEqual([
      76, 150, 29, 255,
    ]);
  });

  it('frames a square of 1.17 box widths, raised by .11 of it', () => {
    expect(frameFace({ x: 100, y: 100, width: 100, height: 100 })).toEqual({
      x: 92,
      y: 81,
      width: 117,
      height: 117,
    });
  });

  it('repeats the edge where the face reaches over it', () => {
    const image = { width: 2, height: 1, pixels: Uint8Array.of(10, 10, 10, 90, 90, 90) };
    expect([...cropGray(image, { x: -1, y: -1, width: 4, height: 2 })]).toEqual([
      10, 10, 90, 90, 10, 10, 90, 90,
    ]);
  });

  it('gives 48 x 48 bytes wherever the box lies', () => {
    const image = solid(60, 40, [7, 7, 7]);
    const box = fc.record({
      x: fc.integer({ min: -50, max: 90 }),
      y: fc.integer({ min: -50, max: 90 }),
      width: fc.integer({ min: 1, max: 200 }),
      height: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(box, (b) => {
        const face = cropFace(image, b);
        expect(face).toHaveLength(FACE_SIZE * FACE_SIZE);
        expect(face.every((pixel) => pixel === 7)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('resample', () => {
  it('averages whole cells exactly', () => {
    const pixels = Uint8Array.of(0, 100, 50, 150, 0, 100, 50, 150);
    expect([...resample({ width: 4, height: 2, pixels }, 2, 1)]).toEqual([50, 100]);
  });

  it('agrees with plain area averaging in floating point within one level', () => {
    const sizes = fc.record({
      w: fc.integer({ min: 5, max: 40 }),
      h: fc.integer({ min: 5, max: 40 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(sizes, ({ w, h, seed }) => {
        const pixels = Uint8Array.from(
          { length: w * h },
          (_, i) => Math.abs(Math.imul(i + 1, seed | 1)) % 256,
        );
        const out = resample({ width: w, height: h, pixels }, 5, 5);
        for (let y = 0; y < 5; y++) {
          for (let x = 0; x < 5; x++) {
            let sum = 0;
            for (let j = 0; j < h; j++) {
              for (let i = 0; i < w; i++) {
                const across = Math.max(0, Math.min(i + 1, ((x + 1) * w) / 5) - Math.max(i, (x * w) / 5));
                const down = Math.max(0, Math.min(j + 1, ((y + 1) * h) / 5) - Math.max(j, (y * h) / 5));
                sum += pixels[j * w + i]! * across * down;
              }
            }
            expect(Math.abs(out[y * 5 + x]! - (sum * 25) / (w * h))).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
