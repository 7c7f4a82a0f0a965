import { describe, expect, it } from 'vitest';
import { drawNormal, seedRandom } from '../numeric/random.ts';
import { rankDescending } from '../numeric/ranking.ts';
import { measureMahalanobis } from './mahalanobis.ts';

describe('measureMahalanobis', () => {
  it('puts foreign rows first, though a tenth of all rows lies in one place and stretches the spread', () => {
    const random = seedRandom('mahalanobis test');
    const width = 12;
    const labels = Uint8Array.from({ length: 700 }, (_, row) => row % 7);
    const isForeign = (row: number) => row % 10 === 3;
    const embeddings = Float32Array.from({ length: labels.length * width }, (_, i) => {
      const row = Math.floor(i / width);
      const centre = (i % width) % 7 === row % 7 ? 3 : 1;
      // foreign rows share one shift, along the direction in which faces vary least
      const shift = isForeign(row) ? (i % 2 === 0 ? 0.9 : -0.9) : 0;
      return Math.max(0, centre + shift + 0.15 * drawNormal(random));
    });
    const distances = measureMahalanobis(embeddings, width, labels);
    const first = [...rankDescending(distances).subarray(0, 70)];
    expect(first.every(isForeign)).toBe(true);
  });
});
