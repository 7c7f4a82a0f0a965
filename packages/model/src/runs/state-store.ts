import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile, syncFolder } from '../durable-file.ts';
import { ModelError } from '../errors.ts';
import { decodeState, encodeState, type TrainingState } from '../training/state.ts';

const NAME = /^step-(\d{9})\.state$/;
const nameOf = (step: number): string => `step-${String(step).padStart(9, '0')}.state`;

/** Steps of which a folder holds a state, rising. */
export const storedSteps = (folder: string): number[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .flatMap((name) => {
          const match = NAME.exec(name);
          return match ? [Number(match[1])] : [];
        })
        .sort((a, b) => a - b)
    : [];

/** Stores a state; a kill at any moment leaves the states before it readable. `keep` of them stay, the newest. */
export const storeState = (folder: string, state: TrainingState, keep: number): void => {
  mkdirSync(folder, { recursive: true });
  replaceFile(join(folder, nameOf(state.engine.steps)), encodeState(state));
  const stale = storedSteps(folder).slice(0, -keep);
  for (const step of stale) rmSync(join(folder, nameOf(step)));
  if (stale.length > 0) syncFolder(folder);
};

/** The newest state of at most `step` steps, or undefined. @throws ModelError run-unreadable where it was changed */
export const loadState = (folder: string, step = Number.POSITIVE_INFINITY): TrainingState | undefined => {
  const newest = storedSteps(folder).findLast((stored) => stored <= step);
  if (newest === undefined) return undefined;
  const path = join(folder, nameOf(newest));
  try {
    return decodeState(readFileSync(path));
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError('run-unreadable', { path, seen }, { cause });
  }
};
