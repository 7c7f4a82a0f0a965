import type { Outcome } from '@testigo/trail';

/** One row of the findings table: everything about a finding that does not depend on the evidence at hand. */
export interface FindingEntry {
  readonly check: string;
  readonly outcome: Outcome;
  readonly title: string;
  /** What the finding means for the record, in one sentence for a person who did not build the system. */
  readonly meaning: string;
  /** What to do next; a command where there is one. */
  readonly next?: string;
}

type Rows = Record<string, Omit<FindingEntry, 'check' | 'outcome'>>;

/** Rows of one check, grouped by outcome, spread into the flat table with every code kept as a literal type. */
export function entriesOf<V extends Rows, F extends Rows, I extends Rows>(
  check: string,
  rows: { verified: V; failed: F; inconclusive: I },
): Record<keyof V | keyof F | keyof I, FindingEntry> {
  const entries: Record<string, FindingEntry> = {};
  for (const outcome of ['verified', 'failed', 'inconclusive'] as const) {
    for (const [code, row] of Object.entries(rows[outcome])) entries[code] = { check, outcome, ...row };
  }
  return entries as Record<keyof V | keyof F | keyof I, FindingEntry>;
}
