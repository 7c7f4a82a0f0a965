import { describe, expect, it } from 'vitest';
import { createBodyBudget } from './body-budget.ts';

describe('the budget of bodies', () => {
  it('gives one caller a quarter, and all of them the whole', () => {
    const budget = createBodyBudget(400);
    const first = budget.hold('a');
    expect(first.add(60)).toBe(true);
    expect(budget.hold('a').add(41)).toBe(false);
    expect(budget.hold('a').add(40)).toBe(true);
    for (const caller of ['b', 'c', 'd']) expect(budget.hold(caller).add(100)).toBe(true);
    expect(budget.hold('e').add(1)).toBe(false);
    first.release();
    expect(budget.hold('e').add(60)).toBe(true);
    expect(budget.hold('f').add(1)).toBe(false);
  });

  it('gets back what was refused or released, once', () => {
    const budget = createBodyBudget(400);
    const hold = budget.hold('a');
    expect([hold.add(100), hold.add(1)]).toEqual([true, false]);
    hold.release();
    hold.release();
    expect(budget.hold('a').add(100)).toBe(true);
    expect(budget.hold('a').add(1)).toBe(false);
  });
});
