import type { Finding } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import type { LogRecord } from '../log/find-records.ts';
import { indexSpecial, Ledger } from '../trail/ledger.ts';
import { FACT, scanRecords, TYPES } from '../trail/scan-records.ts';

/** Takes up the records of one session one by one: opened first, no gap, closed with the counts that are there? */
export class SessionAccount {
  readonly #ledger = new Ledger(0);
  #count = 0;
  #isClosed = false;

  /** Records taken up so far. */
  get count(): number {
    return this.#count;
  }

  add({ index, bytes }: LogRecord): void {
    const scan = scanRecords([bytes]);
    this.#ledger.addRecords(scan, index, 0, 1, indexSpecial(scan));
    this.#count += 1;
    this.#isClosed ||= TYPES[scan.facts[FACT.type]!] === 'SESSION_CLOSE';
  }

  conclude(sessionId: string): Finding[] {
    const { findings } = this.#ledger.finish();
    if (findings.length > 0) return [...findings];
    return [
      makeFinding(this.#isClosed ? 'session-complete' : 'session-open', {
        expected: 'SESSION_OPEN to SESSION_CLOSE in sequence',
        seen: `${this.#count} records of session ${sessionId}, ${this.#isClosed ? 'closed' : 'no SESSION_CLOSE'}`,
        source: 'log: entries',
      }),
    ];
  }
}
