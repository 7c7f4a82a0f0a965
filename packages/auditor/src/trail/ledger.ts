import type { Finding, RecordOf } from '@testigo/trail';
import { type FindingCode, makeFinding, type Observation } from '../findings/table.ts';
import { formatId, IdTable, writeId } from './id-table.ts';
import { FACT, FACT_WORDS, type Scan, TYPES } from './scan-records.ts';

/** Columns of a session's row. */
const S = {
  next: 0,
  detections: 1,
  refusals: 2,
  reviews: 3,
  overrides: 4,
  isOpened: 5,
  isClosed: 6,
  holds: 7,
} as const;
const COUNTED: Partial<Record<(typeof TYPES)[number], number>> = {
  DETECTION: S.detections,
  REFUSAL: S.refusals,
  REVIEW: S.reviews,
  OVERRIDE: S.overrides,
};
/** What may not happen once a session is closed; a review may come days later. */
const LIVE = new Set<string>(['DETECTION', 'REFUSAL', 'SESSION_OPEN']);
/** Enough to act on; the counts say how many there are in all. */
const MAX_EXAMPLES = 10;

export interface ModelUse {
  readonly modelVersion: string;
  readonly datasetRoot: string;
  count: number;
}

/** Keeps account of everything that must add up across records, one record after the other. */
export class Ledger {
  readonly #ids = new IdTable(1);
  readonly #sessions = new IdTable(8);
  readonly #findings: Finding[] = [];
  readonly #found = new Map<FindingCode, number>();
  readonly #types = new Map<string, number>();
  /** Every model that made a reading. */
  readonly models = new Map<string, ModelUse>();
  /** Readings by model since the last anchored size. */
  #batch = new Map<string, number>();
  readonly #scratch = new Uint32Array(4);
  #openSessions = 0;

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  counts(): Record<string, number> {
    return {
      ...Object.fromEntries(
        [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, n]) => [`records ${type}`, n]),
      ),
      sessions: this.#sessions.size,
      'sessions still open': this.#openSessions,
      ...Object.fromEntries(
        [...this.#found].filter(([, n]) => n > MAX_EXAMPLES).map(([code, n]) => [`findings ${code}`, n]),
      ),
    };
  }

  /** Ends a batch at an anchored size. */
  takeBatch(): ReadonlyMap<string, number> {
    const batch = this.#batch;
    this.#batch = new Map();
    return batch;
  }

  /** Accounts for records `from` to `to` of a scan whose first record has index `firstIndex`. */
  addRecords(scan: Scan, firstIndex: number, from: number, to: number, special: SpecialRecords): void {
    for (let position = from; position < to; position++) this.#addRecord(scan, firstIndex, position, special);
  }

  report(code: FindingCode, observation: Observation): void {
    const count = (this.#found.get(code) ?? 0) + 1;
    this.#found.set(code, count);
    if (count <= MAX_EXAMPLES) this.#findings.push(makeFinding(code, observation));
  }

  #addRecord(scan: Scan, firstIndex: number, position: number, special: SpecialRecords): void {
    const at = position * FACT_WORDS;
    const { facts } = scan;
    const type = TYPES[facts[at + FACT.type]!] ?? 'MALFORMED';
    const source = `log, index ${firstIndex + position}`;
    this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
    if (type === 'MALFORMED') {
      this.report('trail-record-malformed', { seen: special.reasons.get(position) ?? 'unreadable', source });
      return;
    }
    if (!this.#ids.insert(facts, at + FACT.id).isNew) {
      this.report('trail-record-duplicate', { seen: `record ${formatId(facts, at + FACT.id)}`, source });
    }
    if (type === 'DETECTION') this.#countModel(scan, facts[at + FACT.model]! - 1);
    if (facts[at + FACT.hasSession] === 1) this.#addToSession(facts, at, type, source);
    const record = special.records.get(position);
    if (record !== undefined) this.#checkSpecial(record, source);
  }

  #countModel(scan: Scan, model: number): void {
    const named = scan.models[model]!;
    const key = `${named.modelVersion} ${named.datasetRoot}`;
    const use = this.models.get(key) ?? { ...named, count: 0 };
    use.count += 1;
    this.models.set(key, use);
    this.#batch.set(named.modelVersion, (this.#batch.get(named.modelVersion) ?? 0) + 1);
  }

  #addToSession(facts: Uint32Array, at: number, type: (typeof TYPES)[number], source: string): void {
    if (type === 'ERASURE' || type === 'LEGAL_HOLD' || type === 'EXPORT') return;
    const { row, isNew } = this.#sessions.insert(facts, at + FACT.session);
    const session = this.#sessions;
    const name = () => `session ${formatId(facts, at + FACT.session)}`;
    const sequence = facts[at + FACT.sequence]!;
    if (isNew && type !== 'SESSION_OPEN')
      this.report('trail-session-unopened', {
        expected: 'SESSION_OPEN first',
        seen: `${type} in ${name()}`,
        source,
      });
    const next = session.get(row, S.next);
    if (sequence !== next && !(isNew && type !== 'SESSION_OPEN')) {
      this.report('trail-sequence-gap', {
        expected: `sequence ${next}`,
        seen: `sequence ${sequence} in ${name()}`,
        source,
      });
    }
    if (session.get(row, S.isClosed) === 1 && LIVE.has(type)) {
      this.report('trail-session-reopened', {
        expected: 'no reading after SESSION_CLOSE',
        seen: `${type} in ${name()}`,
        source,
      });
    }
    session.set(row, S.next, sequence + 1);
    const counted = COUNTED[type];
    if (counted !== undefined) session.set(row, counted, session.get(row, counted) + 1);
    if (type === 'SESSION_OPEN' && session.get(row, S.isOpened) === 0) {
      session.set(row, S.isOpened, 1);
      this.#openSessions += 1;
    }
  }

  #checkSpecial(record: SpecialRecord, source: string): void {
    if (record.type === 'SESSION_CLOSE') this.#closeSession(record, source);
    else if (record.type === 'ERASURE') this.#checkErasure(record, source);
    else if (record.type === 'LEGAL_HOLD') this.#countHold(record);
    else this.#checkReference(record.detectionId, source);
  }

  #checkReference(detectionId: string, source: string): void {
    writeId(detectionId, this.#scratch, 0);
    if (this.#ids.find(this.#scratch, 0) >= 0) return;
    const expected = `detection ${detectionId} earlier in the log`;
    this.report('trail-reference-unknown', { expected, seen: 'no such record', source });
  }

  #countHold(record: RecordOf<'LEGAL_HOLD'>): void {
    const row = this.#sessionRow(record.sessionId);
    if (row < 0) return;
    const holds = this.#sessions.get(row, S.holds);
    this.#sessions.set(row, S.holds, record.action === 'place' ? holds + 1 : Math.max(0, holds - 1));
  }

  #closeSession(record: RecordOf<'SESSION_CLOSE'>, source: string): void {
    const row = this.#sessionRow(record.sessionId);
    const columns = {
      detections: S.detections,
      refusals: S.refusals,
      reviews: S.reviews,
      overrides: S.overrides,
    };
    for (const [name, column] of Object.entries(columns)) {
      const expected = record.counts[name as keyof typeof columns];
      const seen = this.#sessions.get(row, column);
      if (expected !== seen) {
        const session = `session ${record.sessionId}`;
        this.report('trail-session-counts-mismatch', {
          expected: `${expected} ${name} in ${session}`,
          seen: `${seen} in the log`,
          source,
        });
      }
    }
    if (this.#sessions.get(row, S.isOpened) === 1 && this.#sessions.get(row, S.isClosed) === 0)
      this.#openSessions -= 1;
    this.#sessions.set(row, S.isClosed, 1);
  }

  #checkErasure(record: RecordOf<'ERASURE'>, source: string): void {
    const row = this.#sessionRow(record.sessionId);
    const kept = row < 0 ? 0 : this.#sessions.get(row, S.next);
    const session = `session ${record.sessionId}`;
    if (row < 0 || record.records > kept) {
      this.report('trail-erasure-unbacked', {
        expected: `at least ${record.records} records of ${session}`,
        seen: `${kept} in the log`,
        source,
      });
    }
    if (row >= 0 && this.#sessions.get(row, S.holds) > 0) {
      this.report('trail-erasure-under-hold', {
        expected: `${session} kept under a legal hold`,
        seen: 'ERASURE',
        source,
      });
    }
  }

  #sessionRow(sessionId: string): number {
    writeId(sessionId, this.#scratch, 0);
    return this.#sessions.find(this.#scratch, 0);
  }
}

type SpecialRecord = RecordOf<'SESSION_CLOSE' | 'REVIEW' | 'OVERRIDE' | 'ERASURE' | 'LEGAL_HOLD'>;

/** The rare records of a scan by position, and why the malformed ones are. */
export interface SpecialRecords {
  readonly records: ReadonlyMap<number, SpecialRecord>;
  readonly reasons: ReadonlyMap<number, string>;
}

export function indexSpecial(scan: Scan): SpecialRecords {
  return {
    records: new Map(scan.special.map(({ position, record }) => [position, record as SpecialRecord])),
    reasons: new Map(scan.malformed.map(({ position, reason }) => [position, reason])),
  };
}
