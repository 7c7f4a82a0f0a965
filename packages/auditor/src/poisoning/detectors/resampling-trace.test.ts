import { describe, expect, it } from 'vitest';
import { drawSyntheticFaces } from '../../../test/synthetic-faces.ts';
import { poisonSet } from '../../bench/attacks.ts';
import { areaUnderRoc } from '../numeric/ranking.ts';
import { testMirroredExcess } from '../numeric/tail-excess.ts';
import { measureResampling } from './resampling-features.ts';
import { scoreResamplingTrace } from './resampling-trace.ts';

const clean = drawSyntheticFaces(2800, 'resampling');
const own = Uint32Array.from({ length: 1400 }, (_, k) => 2 * k);
const others = own.map((row) => row + 1);

describe('scoreResamplingTrace', () => {
  it('finds the pictures that one smooth warp of parts of a pixel has moved', () => {
    const attack = { kind: 'wanet', rate: 0.15, target: 3, strength: 0.5 } as const;
    const { set, isPoisoned } = poisonSet(clean, attack, '1');
    const references = others.filter((row) => !isPoisoned[row]);
    const scores = scoreResamplingTrace(measureResampling(set, own), measureResampling(set, references));
    const truth = Array.from(own, (row) => isPoisoned[row]!);
    expect(areaUnderRoc(scores, truth)).toBeGreaterThan(0.95);
    const { p, threshold } = testMirroredExcess(scores);
    expect(p).toBeLessThan(1e-4);
    const flagged = truth.filter((_, k) => scores[k]! >= threshold);
    expect(flagged.reduce((sum, mark) => sum + mark, 0) / flagged.length).toBeGreaterThan(0.8);
  });

  it('calls nothing in clean pictures', () => {
    const scores = scoreResamplingTrace(measureResampling(clean, own), measureResampling(clean, others));
    expect(testMirroredExcess(scores).p).toBeGreaterThan(1e-4);
  });
});

describe('testMirroredExcess', () => {
  it('needs an upper side that passes the lower one stretched, and flags no row of a symmetric score', () => {
    const symmetric = Float64Array.from({ length: 2000 }, (_, k) => (k - 999.5) / 300);
    expect(testMirroredExcess(symmetric)).toEqual({ p: 1, threshold: Number.POSITIVE_INFINITY });
    const lopsided = symmetric.map((score, k) => (k % 10 === 0 ? 6 : score));
    const { p, threshold } = testMirroredExcess(lopsided);
    expect(p).toBeLessThan(1e-20);
    expect(threshold).toBeLessThanOrEqual(6);
  });
});
