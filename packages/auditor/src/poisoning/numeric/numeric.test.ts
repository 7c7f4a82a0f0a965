import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialTail } from './binomial.ts';
import { wilsonInterval } from './intervals.ts';
import { adjustByHolm, rejectByBenjaminiHochberg } from './multiple-testing.ts';
import { drawPermutation, seedRandom } from './random.ts';
import { areaUnderRoc, precisionAt, traceRoc, truePositiveRateAt } from './ranking.ts';
import { quantileOf, robustScaleOf } from './robust.ts';

describe('ranking', () => {
  it('counts a tie as one half', () => {
    expect(areaUnderRoc([1, 1, 2, 0], [1, 0, 1, 0])).toBe(0.875);
    expect(areaUnderRoc([5, 5, 5, 5], [1, 0, 1, 0])).toBe(0.5);
  });

  it('never reads a rate from between two corners of the curve', () => {
    const roc = traceRoc([4, 3, 3, 1], [1, 0, 1, 0]);
    expect(truePositiveRateAt(roc, 0.49)).toBe(0.5);
    expect(truePositiveRateAt(roc, 0.5)).toBe(1);
    expect(precisionAt([4, 3, 2, 1], [1, 0, 1, 0], 2)).toBe(0.5);
  });

  it('is the probability that a positive outranks a negative', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), { minLength: 2, maxLength: 40 }),
        (rows) => {
          const positives = rows.filter(([, flag]) => flag).map(([score]) => score);
          const negatives = rows.filter(([, flag]) => !flag).map(([score]) => score);
          fc.pre(positives.length > 0 && negatives.length > 0);
          let wins = 0;
          for (const p of positives) for (const n of negatives) wins += p > n ? 1 : p === n ? 0.5 : 0;
          const area = areaUnderRoc(
            rows.map(([score]) => score),
            rows.map(([, flag]) => flag),
          );
          expect(area).toBeCloseTo(wins / (positives.length * negatives.length), 12);
        },
      ),
    );
  });
});

describe('statistics against published values', () => {
  it('gives Wilson intervals (Newcombe 1998, table I: 81 of 263, 0 of 20)', () => {
    expect(wilsonInterval(81, 263).low).toBeCloseTo(0.2553, 4);
    expect(wilsonInterval(81, 263).high).toBeCloseTo(0.3662, 4);
    expect(wilsonInterval(0, 20)).toEqual({ low: 0, high: expect.closeTo(0.1611, 4) });
  });

  it('sums binomial tails', () => {
    expect(binomialTail(10, 8, 0.5)).toBeCloseTo(56 / 1024, 12);
    expect(binomialTail(2000, 0, 0.1)).toBe(1);
    expect(binomialTail(28, 28, 0.25) / 0.25 ** 28).toBeCloseTo(1, 9);
  });

  it('rejects by Benjamini and Hochberg (1995, section 3.2: the first four of fifteen)', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ];
    expect(rejectByBenjaminiHochberg(p, 0.05).filter(Boolean)).toHaveLength(4);
    expect(adjustByHolm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  });

  it('takes quantiles as numpy does and ignores one outlier in scale', () => {
    expect(quantileOf([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(robustScaleOf([1, 2, 3, 4, 1000])).toEqual({ centre: 3, spread: 1.4826 });
  });
});

describe('seedRandom', () => {
  it('gives one stream a seed, uniform, and permutations without loss', () => {
    const first = seedRandom('a');
    const second = seedRandom('a');
    const draws = Array.from({ length: 4000 }, () => first());
    expect(Array.from({ length: 4000 }, () => second())).toEqual(draws);
    expect(draws.reduce((sum, value) => sum + value, 0) / 4000).toBeCloseTo(0.5, 1);
    expect([...drawPermutation(seedRandom('b'), 50)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
  });
});
