import { describe, expect, it } from 'vitest';
import { drawSyntheticFaces } from '../../test/synthetic-faces.ts';
import { poisonSet } from '../bench/attacks.ts';
import { analyseClass, pickNullRows, type StructureDetector, sumClass } from './class-structure.ts';
import { findRecurringPatches, scoreCollisions } from './detectors/patch-collision.ts';
import { findRecurringStamps } from './detectors/stamp-collision.ts';
import { traceRoc, truePositiveRateAt } from './numeric/ranking.ts';
import { testTailExcess } from './numeric/tail-excess.ts';
import { TaskPool } from './parallel/pool.ts';
import { rowsByClass, type SampleSet } from './sample-set.ts';
import { analyseStructure, type StructureReport } from './structure.ts';

const TARGET = 3;
const clean = drawSyntheticFaces(560, 'structure');
const everyRow = Uint32Array.from({ length: clean.size }, (_, i) => i);

async function analyse(set: SampleSet, threads: number): Promise<StructureReport> {
  const pool = new TaskPool(set, threads);
  try {
    return await analyseStructure(set, pool);
  } finally {
    await pool.close();
  }
}

// a worker thread compiles everything anew: minutes on a machine that does ten other things
const PATIENCE_MS = 300_000;

describe('analyseStructure', { timeout: PATIENCE_MS }, () => {
  it('calls no structure on a clean set, and gives the same bits on any number of threads', async () => {
    const alone = await analyse(clean, 1);
    expect(Math.min(...alone.tests.map((test) => test.p))).toBeGreaterThan(1e-4);
    expect(await analyse(clean, 2)).toEqual(alone);
  });
});

describe('collisions', { timeout: PATIENCE_MS }, () => {
  it('find a textured patch in 1 % of the rows, and no clean row', () => {
    const { set, isPoisoned } = poisonSet(clean, { kind: 'badnets', rate: 0.01, target: TARGET }, '1');
    const report = scoreCollisions(set, everyRow, findRecurringPatches(set, everyRow));
    expect(report.classP[TARGET]).toBeLessThan(1e-4);
    expect([...everyRow].filter((row) => report.scores[row]! > 0)).toEqual(
      [...everyRow].filter((row) => isPoisoned[row]),
    );
  });

  it('find a solid corner in 2 % of the rows wherever it can be seen', () => {
    const { set, isPoisoned } = poisonSet(clean, { kind: 'white-corner', rate: 0.02, target: TARGET }, '1');
    const report = scoreCollisions(set, everyRow, findRecurringStamps(set, everyRow));
    expect(report.classP[TARGET]).toBeLessThan(1e-4);
    expect(truePositiveRateAt(traceRoc(report.scores, isPoisoned), 0.01)).toBeGreaterThanOrEqual(0.85);
  });

  it('accuse the class that the stamp prefers, not one whose stray picture carries it too', () => {
    const { set, isPoisoned } = poisonSet(clean, { kind: 'badnets', rate: 0.05, target: TARGET }, '1');
    const stray = everyRow.find((row) => isPoisoned[row] === 1)!;
    set.labels[stray] = TARGET + 1;
    const report = scoreCollisions(set, everyRow, findRecurringPatches(set, everyRow));
    expect(report.classP[TARGET]).toBeLessThan(1e-4);
    expect(report.classP[TARGET + 1]).toBe(1);
    expect(report.p[stray]).toBe(1);
  });

  it.each([
    ['badnets', findRecurringPatches],
    ['white-corner', findRecurringStamps],
  ] as const)('score the copy that carries the %s too, without counting it', (kind, find) => {
    const { set, isPoisoned } = poisonSet(clean, { kind, rate: 0.05, target: TARGET }, '1');
    const whole = scoreCollisions(set, everyRow, find(set, everyRow));
    const copy = everyRow.find((row) => isPoisoned[row] === 1 && whole.scores[row]! > 0)!;
    const others = everyRow.filter((row) => row !== copy);
    const without = scoreCollisions(set, others, find(set, others));
    expect(without.scores[copy]).toBe(0);
    const report = scoreCollisions(set, others, find(set, others, [copy]));
    expect(report.classP).toEqual(without.classP);
    const highest = Math.max(...report.scores);
    expect(report.scores[copy]).toBe(highest);
    expect(report.p[copy]).toBe(Math.min(...report.p));
  });

  it('say nothing where nothing recurs', () => {
    const report = scoreCollisions(clean, everyRow, findRecurringPatches(clean, everyRow));
    expect(Math.max(...report.scores)).toBe(0);
    expect([...report.classP]).toEqual(new Array(7).fill(1));
  });
});

describe('analyseClass', { timeout: PATIENCE_MS }, () => {
  const cases = [
    ['high-pass-svd', { kind: 'blended', rate: 0.03, target: TARGET, alpha: 0.3 }],
    ['coherent-dft', { kind: 'sig', rate: 0.2, target: TARGET, amplitude: 20, frequency: 6 }],
  ] as const;
  it.each(cases)('lets %s find %o', (detector: StructureDetector, attack) => {
    const { set, isPoisoned } = poisonSet(clean, attack, '1');
    const byClass = rowsByClass(set);
    const others = byClass.filter((_, label) => label !== TARGET).map((rows) => sumClass(set, rows));
    const structure = analyseClass(set, byClass[TARGET]!, pickNullRows(set, TARGET), others)[detector];
    expect(testTailExcess(structure.scores, structure.nullScores).p).toBeLessThan(1e-4);
    const truth = Array.from(byClass[TARGET]!, (row) => isPoisoned[row]!);
    expect(truePositiveRateAt(traceRoc(structure.scores, truth), 0.05)).toBeGreaterThanOrEqual(0.9);
  });
});
