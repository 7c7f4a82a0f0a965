import type { Finding } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import type { EventRow } from './query-events.ts';

/** What one provider answers to a query. */
export interface QueryPage {
  /** The provider's host. */
  readonly source: string;
  readonly rows: readonly EventRow[];
  /** Where the page after begins. */
  readonly next?: string;
}

/** Where two providers list different events. Of the newest blocks they may, but not of final ones. */
export function findDisagreement(pages: readonly QueryPage[], finalBlock: number): Finding | undefined {
  const finalOf = ({ rows }: QueryPage) => rows.filter(({ block }) => block <= finalBlock);
  const [first, ...others] = pages;
  if (first === undefined) return undefined;
  const expected = finalOf(first);
  for (const other of others) {
    const seen = finalOf(other);
    const place = findDifference(expected, seen);
    if (place === undefined) continue;
    return makeFinding('chain-providers-disagree', {
      expected: describe(expected[place]),
      seen: describe(seen[place]),
      source: `${first.source} against ${other.source}: events`,
    });
  }
  return undefined;
}

function findDifference(a: readonly EventRow[], b: readonly EventRow[]): number | undefined {
  for (let place = 0; place < Math.max(a.length, b.length); place++)
    if (JSON.stringify(a[place]) !== JSON.stringify(b[place])) return place;
  return undefined;
}

const describe = (row: EventRow | undefined): string =>
  row === undefined ? 'no further event' : `${row.event} in block ${row.block}, ${row.transaction}`;
