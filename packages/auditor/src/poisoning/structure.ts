import {
  pickNullRows,
  STRUCTURE_DETECTORS,
  type StructureDetector,
  type StructureScores,
} from './class-structure.ts';
import { conformalP } from './conformal.ts';
import type { DuplicateReport } from './detectors/duplicates.ts';
import type { CollisionReport } from './detectors/patch-collision.ts';
import { RESAMPLING_SIDES } from './detectors/resampling-trace.ts';
import { type TailExcess, testMirroredExcess, testTailExcess } from './numeric/tail-excess.ts';
import type { TaskPool } from './parallel/pool.ts';
import { CLASSES, rowsByClass, type SampleSet } from './sample-set.ts';

/** A class this small has no structure to find: its own rows would be the directions. */
const MIN_CLASS_ROWS = 64;

/** A structured test below this calls the set poisoned (formula 12). */
export const STRUCTURE_P = 1e-4;

export const ALL_CLASSES: readonly number[] = Array.from({ length: CLASSES }, (_, label) => label);

/** A set-level test of one detector on one class. */
export type StructureTest = {
  readonly detector: StructureDetector | 'patch-collision' | 'stamp-collision';
  readonly label: number;
  readonly p: number;
  /** Rows of the class at or above it make the excess; infinite where there is none. */
  readonly threshold: number;
};

export type DetectorColumn = {
  readonly scores: Float64Array;
  /** (1 + #{null >= score}) / (null rows + 1), by class; 1 where the detector does not apply. */
  readonly p: Float64Array;
};

export type StructureReport = {
  readonly duplicates: DuplicateReport;
  readonly tests: readonly StructureTest[];
  readonly columns: Readonly<Record<StructureTest['detector'], DetectorColumn>>;
};

/**
 * Detectors A and C over a whole set: what needs no network. Rows within `duplicates` groups count once in C's tests.
 * Collisions are looked for in every class, the other detectors of C in `classes`.
 */
export async function analyseStructure(
  set: SampleSet,
  pool: TaskPool,
  classes: readonly number[] = ALL_CLASSES,
): Promise<StructureReport> {
  const byClass = rowsByClass(set);
  const pending = pool.run('duplicates', {});
  const sums = await Promise.all(byClass.map((rows) => pool.run('classSums', { rows })));
  const duplicates = await pending;
  const isConstant = new Set(duplicates.constant);
  const isDistinct = (row: number) => duplicates.representative[row] === row && !isConstant.has(row);
  const everyRow = Uint32Array.from({ length: set.size }, (_, i) => i);
  const searched = {
    rows: everyRow.filter(isDistinct),
    copies: everyRow.filter((row) => duplicates.representative[row] !== row && !isConstant.has(row)),
  };
  const collisions = [pool.run('patches', searched), pool.run('stamps', searched)] as const;
  const structures = await Promise.all(
    byClass.map((rows, label) => {
      const isTooSmall = rows.length < MIN_CLASS_ROWS || rows.length === set.size;
      if (isTooSmall || !classes.includes(label)) return null;
      const others = sums.filter((_, other) => other !== label && byClass[other]!.length > 0);
      return pool.run('classStructure', { rows, nullRows: pickNullRows(set, label), others });
    }),
  );
  const [patches, stamps] = await Promise.all(collisions);
  const tests: StructureTest[] = [
    ...testCollisions('patch-collision', set, patches),
    ...testCollisions('stamp-collision', set, stamps),
  ];
  const columns: Record<StructureTest['detector'], DetectorColumn> = {
    'patch-collision': patches,
    'stamp-collision': stamps,
    'high-pass-svd': emptyColumn(set.size),
    'coherent-dft': emptyColumn(set.size),
    'sparse-pixel': emptyColumn(set.size),
    'resampling-trace': emptyColumn(set.size),
  };
  structures.forEach((structure, label) => {
    if (structure === null) return;
    for (const detector of STRUCTURE_DETECTORS) {
      const rows = byClass[label]!;
      fillColumn(columns[detector], rows, structure[detector]);
      // a duplicate repeats whatever makes its image odd: it must not count as two
      const scores = structure[detector].scores.filter((_, k) => isDistinct(rows[k]!));
      tests.push({ detector, label, ...testScores(detector, scores, structure[detector].nullScores) });
    }
  });
  return { duplicates, tests, columns };
}

function testScores(detector: StructureDetector, scores: Float64Array, nullScores: Float64Array): TailExcess {
  if (detector !== 'resampling-trace') return testTailExcess(scores, nullScores);
  const { p, threshold } = testMirroredExcess(scores);
  return { p: Math.min(1, RESAMPLING_SIDES * p), threshold };
}

function testCollisions(
  detector: 'patch-collision' | 'stamp-collision',
  set: SampleSet,
  report: CollisionReport,
): StructureTest[] {
  return Array.from({ length: CLASSES }, (_, label) => ({
    detector,
    label,
    p: Math.min(1, report.classP[label]!),
    threshold: lowestScore(report, STRUCTURE_P, set, label),
  }));
}

/** The lowest score of the class's rows whose own p-value rejects; infinite where none does. */
function lowestScore(report: CollisionReport, p: number, set: SampleSet, label: number): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < set.size; i++) {
    if (set.labels[i] === label && report.p[i]! < p) lowest = Math.min(lowest, report.scores[i]!);
  }
  return lowest;
}

function emptyColumn(size: number): DetectorColumn {
  return { scores: new Float64Array(size), p: new Float64Array(size).fill(1) };
}

function fillColumn(column: DetectorColumn, rows: Uint32Array, structure: StructureScores): void {
  const p = conformalP(structure.scores, structure.nullScores);
  rows.forEach((row, k) => {
    column.scores[row] = structure.scores[k]!;
    column.p[row] = p[k]!;
  });
}
