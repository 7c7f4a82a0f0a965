import { expect } from 'vitest';
import { TrailError, type TrailErrorCode } from '../src/index.ts';

/** Asserts the error's code, never its message. */
export function expectCode(code: TrailErrorCode, act: () => unknown): void {
  let caught: unknown;
  try {
    act();
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(TrailError);
  expect((caught as TrailError).code).toBe(code);
}
