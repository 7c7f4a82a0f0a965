import { describe, expect, it } from 'vitest';
import { drawSyntheticFaces } from '../../test/synthetic-faces.ts';
import { PIXELS } from '../poisoning/sample-set.ts';
import { poisonSet } from './attacks.ts';
import { BENCH_CASES } from './cases.ts';
import { measureScores, poolMeasurements } from './measure.ts';
import { drawRocSvg } from './roc-svg.ts';

const clean = drawSyntheticFaces(1400, 'bench');

describe('poisonSet', () => {
  it.each(BENCH_CASES.map(({ name, attack }) => [name, attack] as const))(
    'makes %s by seed, and touches no other row',
    (_, attack) => {
      const { set, isPoisoned } = poisonSet(clean, attack, '1');
      const again = poisonSet(clean, attack, '1').set;
      expect(Buffer.compare(again.pixels, set.pixels) + Buffer.compare(again.labels, set.labels)).toBe(0);
      expect(poisonSet(clean, attack, '2').isPoisoned).not.toEqual(isPoisoned);
      const touched = Array.from({ length: clean.size }, (_, row) => row).filter((row) => {
        const before = clean.pixels.subarray(row * PIXELS, (row + 1) * PIXELS);
        const after = set.pixels.subarray(row * PIXELS, (row + 1) * PIXELS);
        return set.labels[row] !== clean.labels[row] || Buffer.compare(before, after) !== 0;
      });
      expect(touched.filter((row) => isPoisoned[row] === 0)).toEqual([]);
      expect(isPoisoned.reduce((sum, flag) => sum + flag, 0)).toBeGreaterThan(0);
    },
  );
});

describe('measurements', () => {
  it('pool hits over seeds, and never read better than the curve', () => {
    const isPoisoned = Uint8Array.from({ length: 200 }, (_, i) => (i < 10 ? 1 : 0));
    const scores = Float64Array.from({ length: 200 }, (_, i) => (i < 9 ? 500 - i : 200 - i));
    const one = measureScores(scores, isPoisoned);
    expect(one.tprAt1).toMatchObject({ hits: 10, trials: 10 });
    const half = measureScores(
      Float64Array.from(scores, (score, i) => (i === 9 ? 0 : score)),
      isPoisoned,
    );
    expect(half.tprAt1).toMatchObject({ hits: 9, trials: 10, share: 0.9 });
    // false alarms above the poison do not count where their labels are not known to be right
    const loud = Float64Array.from(scores, (score, i) => (i >= 190 ? 900 : score));
    expect(measureScores(loud, isPoisoned).tprAt1.hits).toBe(0);
    const isCounted = Uint8Array.from({ length: 200 }, (_, i) => (i < 190 ? 1 : 0));
    expect(measureScores(loud, isPoisoned, isCounted).tprAt1).toMatchObject({ hits: 10, trials: 10 });
    expect(poolMeasurements([one, half]).tprAt1).toMatchObject({ hits: 19, trials: 20 });
    expect(drawRocSvg('a < b', [{ name: 'one', roc: one.roc }])).toContain('<title>a &lt; b</title>');
  });
});
