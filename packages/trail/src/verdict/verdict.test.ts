import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concludeVerdict, exitCodeOf, type Finding, type Outcome } from './verdict.ts';

const finding = (outcome: string): Finding => ({
  code: 'example',
  check: 'example',
  outcome: outcome as Outcome,
  source: 'test',
});
const known = ['verified', 'failed', 'inconclusive'];
const conclude = (outcomes: readonly string[]): Outcome => concludeVerdict(outcomes.map(finding)).outcome;

describe('a verdict', () => {
  test('is verified only if every finding is, and there is one', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...known), fc.string())), (outcomes) => {
        const outcome = conclude(outcomes);
        const all = outcomes.length > 0 && outcomes.every((o) => o === 'verified');
        expect(outcome === 'verified').toBe(all);
        expect(outcome === 'failed').toBe(outcomes.includes('failed'));
        expect(known).toContain(outcome);
      }),
    );
    expect(conclude([])).toBe('inconclusive');
  });

  test('does not depend on the order of its findings, and never improves with a bad one', () => {
    const rank = (outcome: Outcome): number => ['failed', 'inconclusive', 'verified'].indexOf(outcome);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...known)), fc.constantFrom(...known), (outcomes, more) => {
        expect(conclude([...outcomes].reverse())).toBe(conclude(outcomes));
        expect(conclude([...outcomes].sort())).toBe(conclude(outcomes));
        if (outcomes.length > 0)
          expect(rank(conclude([...outcomes, more]))).toBeLessThanOrEqual(rank(conclude(outcomes)));
      }),
    );
  });

  test('has one exit code, and anything unknown is inconclusive', () => {
    expect(known.map((outcome) => exitCodeOf(outcome as Outcome))).toEqual([0, 1, 3]);
    for (const odd of ['', 'VERIFIED', 'constructor', 'toString', '__proto__', undefined, null, 0])
      expect(exitCodeOf(odd as Outcome)).toBe(3);
  });
});
