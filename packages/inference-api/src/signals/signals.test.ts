import { describe, expect, it } from 'vitest';
import { createSmoother } from './smoothing.ts';
import { observeWindows } from './window.ts';

const labels = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];
const favour = (label: string, ppm: number): number[] =>
  labels.map((l) => (l === label ? ppm : Math.floor((1_000_000 - ppm) / 6)));

describe('smoothing', () => {
  it('does not flicker on a still face whose frames do', () => {
    const smooth = createSmoother(labels);
    const seen = Array.from(
      { length: 900 },
      (_, i) => smooth(favour(i % 3 === 0 ? 'sad' : 'neutral', 450_000), i * 66).label,
    );
    const changes = seen.filter((label, i) => i > 0 && label !== seen[i - 1]).length;
    expect(changes).toBeLessThan(2);
    expect(seen.at(-1)).toBe('neutral');
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
