import { describe, expect, it } from 'vitest';
import { findDisbelieved, scoreAreaUnderMargin, scoreEarlyLoss } from './training-dynamics.ts';
import { findShortcutTargets, scoreStrip } from './trigger-inversion.ts';

describe('training dynamics', () => {
  it('suspects the label that was never believed, and the row that was learnt first', () => {
    expect([...scoreAreaUnderMargin(Float32Array.of(2, -1))]).toEqual([-2, 1]);
    // 99th percentile of 0 .. 100 is 99: what memory reaches
    const fakes = Float32Array.from({ length: 101 }, (_, k) => k);
    expect(findDisbelieved(Float32Array.of(99.5, 99, 200, -1), fakes)).toEqual([1, 3]);
    // [epoch, row]: row 0 has losses 3, 2, 1, row 1 has .5 throughout; the fourth epoch does not count
    const loss = Float32Array.of(3, 0.5, 2, 0.5, 1, 0.5, 100, 100);
    expect([...scoreEarlyLoss(loss, 2)]).toEqual([-2, -0.5]);
    expect([...scoreEarlyLoss(loss.subarray(0, 2), 2)]).toEqual([-3, -0.5]);
  });
});

describe('triggers on a trained model', () => {
  it('STRIP flags entropy more than 2.33 deviations below the mean', () => {
    const entropies = Float32Array.from({ length: 100 }, (_, k) => (k === 7 ? 0 : 1 + (k % 2) / 10));
    const { scores, flagged } = scoreStrip(entropies);
    expect(flagged).toEqual([7]);
    expect(Math.max(...scores)).toBe(scores[7]);
    expect(scoreStrip(new Float32Array(10).fill(1)).flagged).toEqual([]);
  });

  it('Neural Cleanse names targets with an anomalously small trigger, never a large one', () => {
    expect(findShortcutTargets(Float32Array.of(60, 62, 58, 8, 61, 59, 200))).toEqual([3]);
    expect(findShortcutTargets(Float32Array.of(60, 62, 58, 57, 61, 59, 63))).toEqual([]);
  });
});
