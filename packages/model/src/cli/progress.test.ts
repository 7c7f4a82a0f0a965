import { expect, test } from 'vitest';
import { startProgress } from './progress.ts';

/** Updates as [second, done] of 1,000, to no terminal. */
const tell = (updates: readonly (readonly [number, number])[]): string[] => {
  const lines: string[] = [];
  let seconds = 0;
  const stderr = { write: (text: string) => lines.push(text) };
  const context = { stdout: stderr, stderr, signal: new AbortController().signal };
  const progress = startProgress(context, 'train', () => 1000 * seconds);
  for (const [at, done] of updates) {
    seconds = at;
    progress.update(done, 1000, 'epoch 1/2');
  }
  progress.stop();
  return lines;
};

test('where there is no terminal, long work says once how long it takes', () => {
  const long = [0, 4, 8, 12, 16].map((at) => [at, 10 + at] as const);
  expect(tell(long)).toEqual(['train: 22 of 1000, about 16 min 18 s left · epoch 1/2\n']);
  expect(tell(long.slice(0, 3))).toEqual([]);
});

test('the time left of work that goes on is that of its own pace', () => {
  expect(
    tell([
      [0, 901],
      [11, 912],
    ]),
  ).toEqual(['train: 912 of 1000, about 1 min 28 s left · epoch 1/2\n']);
});
