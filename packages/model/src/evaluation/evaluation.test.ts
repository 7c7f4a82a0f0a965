import { describe, expect, it } from 'vitest';
import { calibrateRows, softmaxRows } from '../bundle/calibrated.ts';
import { CLASS_COUNT } from '../labels.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import { calibrate } from './calibrate.ts';
import { expectedCalibrationError, fitTemperature, negativeLogLikelihood } from './calibration.ts';
import { fitQuantile, measureConformal } from './conformal.ts';
import { accuracyOf, countConfusion, figuresByClass, macroF1Of, predictClasses } from './confusion.ts';
import { evaluateReadings } from './evaluate.ts';
import type { BundleEvaluation } from './evaluate-bundle.ts';
import { formatClassReport, formatEvaluation } from './format-text.ts';
import { wilson } from './interval.ts';
import { measureSelective } from './selective.ts';

/** Rows whose labels are drawn from softmax(logits / 2): 2 is the right temperature. */
const drawReadings = (count: number, key: string): { logits: Float32Array; labels: Uint8Array } => {
  const random = createGenerator(key);
  const logits = Float32Array.from({ length: count * CLASS_COUNT }, () => 3 * random.normal());
  const truth = softmaxRows(logits, 2);
  const labels = Uint8Array.from({ length: count }, (_, row) => {
    let rest = random.uniform();
    for (let c = 0; c < CLASS_COUNT - 1; c++) {
      rest -= truth[row * CLASS_COUNT + c]!;
      if (rest < 0) return c;
    }
    return CLASS_COUNT - 1;
  });
  return { logits, labels };
};

const one = (c: number, confidence: number): number[] =>
  Array.from({ length: CLASS_COUNT }, (_, other) => (other === c ? confidence : (1 - confidence) / 6));

describe("Wilson's interval", () => {
  it.each([
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
    [2544, 3589, 0.6938, 0.7235],
  ])('%i of %i', (hits, count, low, high) => {
    const [l, h] = wilson(hits, count);
    expect(l).toBeCloseTo(low, 4);
    expect(h).toBeCloseTo(high, 4);
  });
});

describe('per-class figures', () => {
  // Checked by hand: class 0 has 2 of 3 right and is claimed 3 times; class 1 has 1 of 2 and is claimed 2 times.
  const labels = [0, 0, 0, 1, 1, 3];
  const predicted = [0, 0, 1, 1, 0, 2];
  const confusion = countConfusion(labels, predicted);
  it('are those of scikit-learn, zero where a class is never right', () => {
    const figures = figuresByClass(confusion);
    expect(figures[0]).toMatchObject({ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3 });
    expect(figures[1]).toMatchObject({ precision: 0.5, recall: 0.5, f1: 0.5, support: 2 });
    expect(figures[2]).toMatchObject({ precision: 0, recall: 0, f1: 0, support: 0 });
    expect(accuracyOf(confusion)).toBe(0.5);
    expect(macroF1Of(confusion)).toBeCloseTo((2 / 3 + 0.5 + 0 + 0) / 4, 12);
  });
});

describe('calibration', () => {
  const { logits, labels } = drawReadings(4000, 'calibration');
  it('finds the temperature the labels were drawn with', () => {
    const temperature = fitTemperature(logits, labels);
    expect(temperature).toBeGreaterThan(1.9);
    expect(temperature).toBeLessThan(2.1);
    const before = softmaxRows(logits);
    const after = softmaxRows(logits, temperature);
    expect(expectedCalibrationError(after, labels)).toBeLessThan(0.04);
    expect(expectedCalibrationError(before, labels)).toBeGreaterThan(0.15);
    expect(negativeLogLikelihood(after, labels)).toBeLessThan(negativeLogLikelihood(before, labels));
    expect(predictClasses(after)).toEqual(predictClasses(before));
  });
  it('undoes label smoothing, which no temperature does', () => {
    const smoothed = Float32Array.from(softmaxRows(logits, 2), (p) => Math.log(0.8 * p + 0.2 / CLASS_COUNT));
    const manifest = calibrate(smoothed, labels, 0.2);
    expect(manifest.labelSmoothingPpm).toBe(200_000);
    const temperature = manifest.temperaturePpm / 1e6;
    expect(Math.abs(temperature - 1)).toBeLessThan(0.1);
    const after = calibrateRows(smoothed, { temperature, labelSmoothing: 0.2 });
    const scaled = softmaxRows(smoothed, fitTemperature(smoothed, labels));
    expect(negativeLogLikelihood(after, labels)).toBeLessThan(negativeLogLikelihood(scaled, labels));
    expect(expectedCalibrationError(after, labels)).toBeLessThan(expectedCalibrationError(scaled, labels));
  });
  it('keeps the order of every row, also under the floor that smoothing makes', () => {
    const rows = Float32Array.from([9, 0, -1, -2, -3, -4, -90, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    const after = calibrateRows(rows, { temperature: 1.1, labelSmoothing: 0.1 });
    for (let i = 1; i < CLASS_COUNT; i++) {
      expect(after[i]!).toBeLessThan(after[i - 1]!);
      expect(after[CLASS_COUNT + i]!).toBeGreaterThan(after[CLASS_COUNT + i - 1]!);
    }
    expect(calibrateRows(rows, { temperature: 1, labelSmoothing: 0 })).toEqual(softmaxRows(rows));
  });
  it('counts the gap of each bin by its share', () => {
    // Two rows at .9, one right: gap .4. Two rows at .5, both right: gap .5.
    const scores = Float32Array.from([...one(0, 0.9), ...one(0, 0.9), ...one(1, 0.5), ...one(1, 0.5)]);
    expect(expectedCalibrationError(scores, [0, 2, 1, 1])).toBeCloseTo(0.45, 5);
  });
});

describe('conformal sets', () => {
  it('cover what they promise on rows they were not fitted on', () => {
    const fit = drawReadings(2000, 'fit');
    const test = drawReadings(4000, 'test');
    const target = 0.9;
    const quantile = fitQuantile(softmaxRows(fit.logits, 2), fit.labels, target);
    const figures = measureConformal(softmaxRows(test.logits, 2), test.labels, { quantile, target });
    // Three deviations of the fit's and the test's draw together.
    expect(Math.abs(figures.coverage - target)).toBeLessThan(3 * Math.sqrt(0.09 / 2000 + 0.09 / 4000));
    expect(figures.setSizes.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    const manifest = calibrate(fit.logits, fit.labels);
    expect(Math.abs(manifest.temperaturePpm - 2e6)).toBeLessThan(150_000);
    expect(manifest.conformalCoveragePpm).toBe(900_000);
  });
  it('take every label where there are too few rows to promise anything', () => {
    expect(fitQuantile(Float32Array.from(one(0, 0.9)), [0], 0.9)).toBe(1);
  });
});

describe('an evaluation', () => {
  const { logits, labels } = drawReadings(600, 'evaluation');
  const readings = {
    labels,
    probabilities: softmaxRows(logits, 2),
    uncalibrated: softmaxRows(logits),
    calibration: { temperature: 2, labelSmoothing: 0 },
  };
  const evaluation = evaluateReadings({ ...readings, conformal: { quantile: 0.9, target: 0.9 } });
  it('is the same on every run, its intervals around their figures', () => {
    expect(evaluateReadings({ ...readings, conformal: { quantile: 0.9, target: 0.9 } })).toEqual(evaluation);
    const pairs = [
      [evaluation.accuracy, evaluation.accuracyInterval],
      [evaluation.macroF1, evaluation.macroF1Interval],
      ...Object.values(evaluation.perClass).map((c) => [c.f1, c.f1Interval] as const),
    ] as const;
    for (const [value, [low, high]] of pairs) {
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
    }
    expect(evaluation.confusion.flat().reduce((sum, n) => sum + n, 0)).toBe(600);
  });
  it('is more often right where it is surer', () => {
    const points = measureSelective(readings.probabilities, labels);
    expect(points[0]!.accuracy).toBeCloseTo(evaluation.accuracy, 12);
    expect(points.at(-1)!.accuracy).toBeGreaterThan(points[0]!.accuracy);
  });
  it("prints in scikit-learn's layout", () => {
    const full: BundleEvaluation = {
      ...evaluation,
      type: 'testigo-evaluation',
      version: 1,
      modelVersion: 'ab',
      source: 'made up',
      split: 'all',
      copies: 0,
      leakFree: null,
      tenCrop: null,
    };
    const report = formatClassReport(full).split('\n');
    expect(report[0]).toMatch(/^ +precision +recall +f1-score +support$/);
    expect(report[2]).toMatch(/^ +angry +\d\.\d\d +\d\.\d\d +\d\.\d\d +\d+$/);
    expect(report.at(-3)).toMatch(/^ +accuracy +\d\.\d\d +600$/);
    expect(report.at(-2)).toMatch(/^ +macro avg/);
    expect(formatEvaluation(full)).toMatch(/leak-free +unknown/);
    expect(formatEvaluation({ ...full, copies: 600 })).toMatch(/leak-free +nothing left .* all 600/);
    expect(formatEvaluation(full)).toMatch(/ECE-15 .* after temperature 2\.000/);
  });
});
