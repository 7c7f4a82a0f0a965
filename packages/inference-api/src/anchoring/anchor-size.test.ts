import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseAnchorSize, Patience } from './anchor-size.ts';

describe('the size to anchor next', () => {
  it.each([
    [{ head: 0, due: 0, newest: 1_000 }, 768],
    [{ head: 0, due: 800, newest: 1_000 }, 960],
    [{ head: 0, due: 970, newest: 1_000 }, 1_000],
    [{ head: 768, due: 768, newest: 1_000 }, 960],
    [{ head: 960, due: 960, newest: 1_000 }, undefined],
    [{ head: 960, due: 961, newest: 1_000 }, 1_000],
    [{ head: 0, due: 0, newest: 10 }, undefined],
    [{ head: 0, due: 1_000, newest: 1_024 }, 1_024],
  ])('of %o is %s', (sizes, expected) => {
    expect(chooseAnchorSize(sizes)).toBe(expected);
  });

  it('never leaves out what is due, never goes back, and waits only while nothing is due', () => {
    const size = fc.integer({ min: 0, max: 2_000 });
    fc.assert(
      fc.property(size, size, size, (head, waiting, young) => {
        const due = Math.max(head, waiting);
        const newest = due + young;
        const chosen = chooseAnchorSize({ head, due, newest });
        if (chosen === undefined) return due === head;
        return chosen > head && chosen >= due && chosen <= newest;
      }),
    );
  });
});

describe('patience', () => {
  it('finds due what it was told of so long ago, and at once what was there at the start', () => {
    const patience = new Patience(100);
    expect(patience.dueSize(5, 0)).toBe(5);
    expect(patience.dueSize(9, 10)).toBe(5);
    expect(patience.dueSize(12, 50)).toBe(5);
    expect(patience.dueSize(12, 109)).toBe(5);
    expect(patience.dueSize(12, 110)).toBe(9);
    expect(patience.dueSize(12, 149)).toBe(9);
    expect(patience.dueSize(20, 150)).toBe(12);
    expect(patience.dueSize(20, 250)).toBe(20);
  });

  it('waits for nothing when told so', () => {
    const patience = new Patience(0);
    expect([patience.dueSize(1, 0), patience.dueSize(7, 0), patience.dueSize(7, 1)]).toEqual([1, 7, 7]);
  });
});
