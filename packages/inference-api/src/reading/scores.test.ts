import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toPpm, topIndex } from './scores.ts';

describe('toPpm', () => {
  it('gives whole numbers that sum to a million and keep the order', () => {
    const weights = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(weights, (ws) => {
        const total = ws.reduce((a, b) => a + b, 0);
        const scores = toPpm(ws.map((w) => w / total));
        expect(scores.every(Number.isInteger)).toBe(true);
        expect(scores.reduce((a, b) => a + b, 0)).toBe(1_000_000);
        // Closer than that, two weights can be one number once both are divided by the total.
        const isLess = (i: number, j: number) => (ws[j]! - ws[i]!) / total > 1e-12;
        const inversions = ws.flatMap((_, i) => ws.map((_, j) => isLess(i, j) && scores[i]! > scores[j]!));
        expect(inversions).not.toContain(true);
      }),
    );
  });

  it('refuses what is no distribution', () => {
    for (const bad of [
      [Number.NaN, 1],
      [-0.1, 1.1],
      [0, 0],
      [5, 5],
    ])
      expect(() => toPpm(bad)).toThrow(RangeError);
  });

  it('takes the first of equal scores', () => {
    expect(topIndex([3, 5, 5])).toBe(1);
  });
});
