import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toConformal } from './conformal.ts';

const labels = ['a', 'b', 'c', 'd'];

describe('a conformal set', () => {
  it('holds every label that reaches the threshold, and no other', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 0, max: 1_000_000 }), (scoresPpm, quantilePpm) => {
        const { set, isAbstained } = toConformal(labels, scoresPpm, quantilePpm);
        labels.forEach((label, i) => {
          expect(set.includes(label)).toBe(scoresPpm[i]! >= 1_000_000 - quantilePpm);
        });
        expect(isAbstained).toBe(set.length === 0 || set.length > 2);
      }),
    );
  });

  it('abstains with three labels, and with none; one or two may be quoted', () => {
    const abstains = (scoresPpm: number[], quantilePpm: number) =>
      toConformal(labels, scoresPpm, quantilePpm);
    expect(abstains([300_000, 300_000, 300_000, 100_000], 800_000)).toEqual({
      set: ['a', 'b', 'c'],
      isAbstained: true,
    });
    expect(abstains([250_000, 250_000, 250_000, 250_000], 500_000)).toEqual({ set: [], isAbstained: true });
    expect(abstains([500_000, 400_000, 60_000, 40_000], 800_000)).toEqual({
      set: ['a', 'b'],
      isAbstained: false,
    });
    expect(abstains([900_000, 50_000, 30_000, 20_000], 800_000)).toEqual({ set: ['a'], isAbstained: false });
  });
});
