import type { Finding } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import type { LogRecord } from '../log/find-records.ts';
import { indexSpecial, Ledger } from '../trail/ledger.ts';
import { FACT, FACT_WORDS, scanRecords, TYPES } from '../trail/scan-records.ts';

/** Do the records of one session add up: opened first, no gap, closed with the counts that are there? */
export function checkSession(sessionId: string, records: readonly LogRecord[]): Finding[] {
  const scan = scanRecords(records.map(({ bytes }) => bytes));
  const special = indexSpecial(scan);
  const ledger = new Ledger();
  for (const [position, { index }] of records.entries())
    ledger.addRecords(scan, index - position, position, position + 1, special);
  if (ledger.findings.length > 0) return [...ledger.findings];
  const types = records.map((_, position) => TYPES[scan.facts[position * FACT_WORDS + FACT.type]!]);
  const isClosed = types.includes('SESSION_CLOSE');
  return [
    makeFinding(isClosed ? 'session-complete' : 'session-open', {
      expected: 'SESSION_OPEN to SESSION_CLOSE in sequence',
      seen: `${records.length} records of session ${sessionId}, ${isClosed ? 'closed' : 'no SESSION_CLOSE'}`,
      source: 'log: entries',
    }),
  ];
}
