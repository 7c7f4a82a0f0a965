import { analyseClass, type ClassStructure, type ClassSums, sumClass } from '../class-structure.ts';
import { findNeighbours, type NeighbourBlock } from '../detectors/deep-neighbours.ts';
import { type DuplicateReport, findDuplicates } from '../detectors/duplicates.ts';
import type { EmbeddingSpace } from '../detectors/embedding-space.ts';
import { type CollisionReport, findRecurringPatches, scoreCollisions } from '../detectors/patch-collision.ts';
import { findRecurringStamps } from '../detectors/stamp-collision.ts';
import type { SampleSet } from '../sample-set.ts';

/** Different pictures, and the copies of them. */
type CollisionRows = { readonly rows: Uint32Array; readonly copies: Uint32Array };

/**
 * What a worker thread can be asked: pure functions of the sample set and plain arguments. The cut into tasks never
 * depends on the number of threads, so neither does any sum's order, nor any bit of a result.
 */
export type Tasks = {
  readonly duplicates: { readonly in: Record<string, never>; readonly out: DuplicateReport };
  readonly patches: { readonly in: CollisionRows; readonly out: CollisionReport };
  readonly stamps: { readonly in: CollisionRows; readonly out: CollisionReport };
  readonly classSums: { readonly in: { readonly rows: Uint32Array }; readonly out: ClassSums };
  readonly classStructure: {
    readonly in: {
      readonly rows: Uint32Array;
      readonly nullRows: Uint32Array;
      readonly others: readonly ClassSums[];
    };
    readonly out: ClassStructure;
  };
  readonly neighbours: {
    readonly in: {
      readonly space: EmbeddingSpace;
      readonly labels: Uint8Array;
      readonly group: Uint32Array;
      readonly from: number;
      readonly to: number;
    };
    readonly out: NeighbourBlock;
  };
};

export type TaskName = keyof Tasks;
export type Task = { [N in TaskName]: { readonly name: N; readonly in: Tasks[N]['in'] } }[TaskName];

export function runTask(set: SampleSet, task: Task): Tasks[TaskName]['out'] {
  switch (task.name) {
    case 'duplicates':
      return findDuplicates(set);
    case 'patches':
      return scoreCollisions(set, task.in.rows, findRecurringPatches(set, task.in.rows, task.in.copies));
    case 'stamps':
      return scoreCollisions(set, task.in.rows, findRecurringStamps(set, task.in.rows, task.in.copies));
    case 'classSums':
      return sumClass(set, task.in.rows);
    case 'classStructure':
      return analyseClass(set, task.in.rows, task.in.nullRows, task.in.others);
    case 'neighbours':
      return findNeighbours(task.in.space, task.in.labels, task.in.group, task.in.from, task.in.to);
  }
}
