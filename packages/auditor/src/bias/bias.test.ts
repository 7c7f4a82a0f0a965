import { describe, expect, it } from 'vitest';
import { seedRandom } from '../poisoning/numeric/random.ts';
import { auditBias } from './bias-report.ts';
import { disparateImpact, equalisedOddsDifference, type Judged, measureGroup } from './metrics.ts';
import { auditSelection } from './selection-report.ts';

const OPTIONS = { classes: 2, maxGap: 0.1, minImpact: 0.8, seed: 'test' };
const PATIENCE_MS = 120_000;

function drawGroup(group: string, size: number, accuracy: number): Judged[] {
  const random = seedRandom(`${group} ${size} ${accuracy}`);
  return Array.from({ length: size }, (_, i) => {
    const truth = i % 2;
    return { group, truth, predicted: random() < accuracy ? truth : 1 - truth };
  });
}

describe('metrics', () => {
  // 2x2 tables by hand: group a has TPR 3/4, FPR 1/4 for class 1; group b TPR 2/4, FPR 0/4
  const rows = (group: string, table: readonly [number, number, number]) =>
    table.flatMap((n, kind) =>
      Array.from({ length: n }, () => ({ group, truth: kind === 2 ? 0 : 1, predicted: kind === 1 ? 0 : 1 })),
    );
  const a = measureGroup(
    [...rows('a', [3, 1, 1]), ...Array.from({ length: 3 }, () => ({ group: 'a', truth: 0, predicted: 0 }))],
    2,
  );
  const b = measureGroup(
    [...rows('b', [2, 2, 0]), ...Array.from({ length: 4 }, () => ({ group: 'b', truth: 0, predicted: 0 }))],
    2,
  );

  it('counts rates as Fairlearn does', () => {
    expect(a).toMatchObject({
      accuracy: 0.75,
      truePositiveRates: [0.75, 0.75],
      falsePositiveRates: [0.25, 0.25],
    });
    expect(b).toMatchObject({ accuracy: 0.75, truePositiveRates: [1, 0.5], falsePositiveRates: [0.5, 0] });
    expect(equalisedOddsDifference([a, b])).toBe(0.25);
    expect(disparateImpact([a, b], [0, 1])).toBe(0.5);
  });
});

describe('auditBias', { timeout: PATIENCE_MS }, () => {
  it('calls equal groups fair once there are enough samples', () => {
    const report = auditBias([...drawGroup('a', 6000, 0.8), ...drawGroup('b', 6000, 0.8)], OPTIONS);
    expect(report.judgement).toBe('fair');
    expect(report.pairs[0]!.adjustedP).toBeGreaterThan(0.01);
  });

  it('calls a large gap unfair, and gives the same report again', () => {
    const rows = [...drawGroup('a', 800, 0.9), ...drawGroup('b', 800, 0.6), ...drawGroup('c', 20, 0.1)];
    const report = auditBias(rows, OPTIONS);
    expect(report.judgement).toBe('unfair');
    expect(report.tooSmall).toEqual(['c']);
    expect(report.pairs[0]!.adjustedP).toBeLessThan(0.001);
    expect(auditBias(rows, OPTIONS)).toEqual(report);
  });

  it('says that few samples do not suffice, and so does a single group', () => {
    const few = auditBias([...drawGroup('a', 120, 0.8), ...drawGroup('b', 120, 0.8)], OPTIONS);
    expect(few.judgement).toBe('insufficient data');
    expect(auditBias(drawGroup('a', 500, 0.8), OPTIONS).judgement).toBe('insufficient data');
  });
});

describe('auditSelection', { timeout: PATIENCE_MS }, () => {
  const settings = { classes: 2, minImpact: 0.8, seed: 'test' };
  const drawSelected = (group: string, size: number, share: number) => {
    const random = seedRandom(`selected ${group}`);
    return Array.from({ length: size }, () => ({ group, predicted: random() < share ? 1 : 0 }));
  };

  it('finds the shift between groups that are read differently, and gives the same report again', () => {
    const rows = [
      ...drawSelected('a', 600, 0.5),
      ...drawSelected('b', 600, 0.2),
      ...drawSelected('c', 40, 0.2),
    ];
    const report = auditSelection(rows, settings);
    expect(report.judgement).toBe('unfair');
    expect(report.tooSmall).toEqual(['c']);
    expect(report.pairs).toHaveLength(1);
    expect(report.pairs[0]!.shift.value).toBeCloseTo(0.3, 1);
    expect(report.pairs[0]!.adjustedP).toBeLessThan(0.001);
    expect(auditSelection(rows, settings)).toEqual(report);
  });

  it('leaves a class out of the ratio that hardly anybody is read as', () => {
    const rows = [
      ...drawSelected('a', 1500, 0.5),
      ...drawSelected('b', 1500, 0.5),
      { group: 'a', predicted: 2 },
    ];
    expect(auditSelection(rows, { ...settings, classes: 3 }).judgement).toBe('fair');
  });

  it('says that groups read alike are, and that few rows decide nothing', () => {
    const alike = auditSelection(
      [...drawSelected('a', 1500, 0.5), ...drawSelected('b', 1500, 0.5)],
      settings,
    );
    expect(alike.judgement).toBe('fair');
    expect(alike.pairs[0]!.adjustedP).toBeGreaterThan(0.01);
    const few = auditSelection([...drawSelected('a', 110, 0.5), ...drawSelected('b', 110, 0.5)], settings);
    expect(few.judgement).toBe('insufficient data');
  });
});
