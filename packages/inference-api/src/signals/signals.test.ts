import { describe, expect, it } from 'vitest';
import { createSmoother } from './smoothing.ts';
import { observeWindows } from './window.ts';

const labels = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];
const favour = (label: string, ppm: number): number[] =>
  labels.map((l) => (l === label ? ppm : Math.floor((1_000_000 - ppm) / 6)));

const countChanges = (seen: readonly string[]): number =>
  seen.filter((label, i) => i > 0 && label !== seen[i - 1]).length;

/** Normal noise by Box and Muller from a repeatable generator (Numerical Recipes, section 7.1). */
const createNoise = (seed: number, deviation: number): (() => number) => {
  let state = seed * 7_919;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
};

describe('smoothing', () => {
  it('does not flicker on a still face whose frames do', () => {
    const smooth = createSmoother(labels);
    const seen = Array.from(
      { length: 900 },
      (_, i) => smooth(favour(i % 3 === 0 ? 'sad' : 'neutral', 450_000), i * 66).label,
    );
    expect(countChanges(seen)).toBeLessThan(2);
    expect(seen.at(-1)).toBe('neutral');
  });

  it('holds its label on a still face whose scores are as noisy as measured', () => {
    // Frames of a real clip, each with noise of five levels, a pixel of shake and JPEG 80 again and again: the gap
    // of the two first log scores was .04 and .47, its deviation .31 and .42, independent from frame to frame.
    for (const gap of [0, 0.04, 0.47]) {
      for (let seed = 1; seed <= 20; seed++) {
        const noise = createNoise(seed, 0.42 / Math.SQRT2);
        const smooth = createSmoother(labels);
        const [raw, held]: [string[], string[]] = [[], []];
        for (let frame = 0; frame < 900; frame++) {
          const logits = [-1.5, -3, noise(), -1, noise() - 0.5, -3, gap + noise()];
          const weights = logits.map(Math.exp);
          const total = weights.reduce((a, b) => a + b);
          const scores = weights.map((weight) => Math.round((weight / total) * 1_000_000));
          raw.push(labels[scores.indexOf(Math.max(...scores))]!);
          held.push(smooth(scores, frame * 66).label);
        }
        expect(countChanges(raw)).toBeGreaterThan(100);
        expect(countChanges(held)).toBeLessThan(2);
      }
    }
  });

  it('follows a real change within two seconds', () => {
    const smooth = createSmoother(labels);
    for (let i = 0; i < 60; i++) smooth(favour('neutral', 700_000), i * 66);
    const seen = Array.from({ length: 30 }, (_, i) => smooth(favour('happy', 700_000), (60 + i) * 66).label);
    expect(seen.at(-1)).toBe('happy');
    expect(seen[0]).toBe('neutral');
  });

  it('forgets what lies before a gap', () => {
    const smooth = createSmoother(labels);
    smooth(favour('neutral', 900_000), 0);
    expect(smooth(favour('fear', 400_000), 60_000).label).toBe('fear');
  });
});

describe('windows', () => {
  it('give means, and indicators by their published formulas', () => {
    const windows = observeWindows(labels, 1_000);
    const happy = [0, 0, 0, 600_000, 100_000, 0, 300_000];
    const tense = [200_000, 50_000, 150_000, 100_000, 300_000, 0, 200_000];
    const finished = [];
    for (let i = 0; i < 10; i++) finished.push(windows.addReading(happy, i * 100));
    for (let i = 10; i < 20; i++) finished.push(windows.addReading(tense, i * 100));
    finished.push(windows.addRefusal(2_000));
    expect(finished.filter(Boolean)).toEqual([
      {
        fromMs: 0,
        toMs: 1_000,
        readings: 10,
        refusals: 0,
        distributionPpm: happy,
        stressPpm: 0,
        fatiguePpm: 100_000,
      },
      {
        fromMs: 1_000,
        toMs: 2_000,
        readings: 10,
        refusals: 0,
        distributionPpm: tense,
        stressPpm: 400_000,
        fatiguePpm: 300_000 + 250_000,
      },
    ]);
  });

  it('say nothing from too little', () => {
    const windows = observeWindows(labels, 1_000);
    windows.addReading(favour('sad', 400_000), 0);
    windows.addRefusal(10);
    expect(windows.addRefusal(1_500)).toEqual({
      fromMs: 0,
      toMs: 1_000,
      readings: 1,
      refusals: 1,
      distributionPpm: favour('sad', 400_000),
    });
  });
});
