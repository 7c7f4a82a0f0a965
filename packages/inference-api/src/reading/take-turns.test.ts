import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { takeTurns } from './take-turns.ts';

it('never works on more items at once than told, in their order, and is idle when all are done', async () => {
  const begun: number[] = [];
  const done: number[] = [];
  let atOnce = 0;
  let most = 0;
  const turns = takeTurns(2, async (item: number) => {
    begun.push(item);
    most = Math.max(most, ++atOnce);
    await sleep(item % 3);
    atOnce--;
    done.push(item);
  });
  const items = Array.from({ length: 40 }, (_, i) => i);
  for (const item of items) turns.add(item);
  await turns.idle();
  expect(most).toBe(2);
  expect(begun).toEqual(items);
  expect(done.toSorted((a, b) => a - b)).toEqual(items);
});
