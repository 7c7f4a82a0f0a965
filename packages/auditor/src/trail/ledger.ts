import type { Finding, RecordOf } from '@testigo/trail';
import type { FindingCode, Observation } from '../findings/table.ts';
import { EventSpill } from './event-spill.ts';
import { writeId } from './id-table.ts';
import { EVENT, EVENT_WORDS, KIND, saturate, writeIndex } from './ledger-event.ts';
import { LedgerShard } from './ledger-shard.ts';
import { ModelTally } from './model-tally.ts';
import { FACT, FACT_WORDS, type Scan, TYPES } from './scan-records.ts';
import { Sightings } from './sightings.ts';

/** About 25 MB of tables: what one part of a large log's accounts may take. */
const RECORDS_A_SHARD = 2 ** 18;
/** Every part has an open file; past 52 million records the parts grow instead. */
const MAX_SHARDS = 200;
/** Whatever is reported from outside comes after what the record at the same place gives. */
const LAST_RANK = 3;

export interface LedgerEnd {
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Keeps account of everything that must add up across records, one record after the other. Ids and sessions of a large
 * log do not fit in memory: they are split by id into parts, put aside in files and gone through one part at a time.
 */
export class Ledger {
  readonly models = new ModelTally();
  readonly #sightings = new Sightings();
  readonly #types = new Map<string, number>();
  readonly #event = new Uint32Array(EVENT_WORDS);
  readonly #whole: LedgerShard | undefined;
  readonly #spill: EventSpill | undefined;

  /** `expected` records, about: it decides how memory is used and nothing else. @throws AuditError `scratch-unwritable` */
  constructor(expected: number, recordsAShard = RECORDS_A_SHARD) {
    const shards = Math.min(MAX_SHARDS, Math.ceil(expected / recordsAShard));
    if (shards > 1) this.#spill = new EventSpill(shards);
    else this.#whole = new LedgerShard();
  }

  /** Accounts for records `from` to `to` of a scan whose first record has index `firstIndex`. */
  addRecords(scan: Scan, firstIndex: number, from: number, to: number, special: SpecialRecords): void {
    for (let position = from; position < to; position++) this.#addRecord(scan, firstIndex, position, special);
  }

  /** `index` is that of the record it was met at. */
  report(code: FindingCode, index: number, observation: Observation): void {
    this.#sightings.add(code, index, LAST_RANK, observation);
  }

  /** Goes through what was put aside. To be called once, after the last record. */
  finish(): LedgerEnd {
    let [sessions, openSessions] = [0, 0];
    const absorb = (shard: LedgerShard) => {
      this.#sightings.absorb(shard.sightings);
      sessions += shard.sessions;
      openSessions += shard.openSessions;
    };
    if (this.#whole !== undefined) absorb(this.#whole);
    const shard = new LedgerShard();
    for (let part = 0; part < (this.#spill?.parts ?? 0); part++) {
      shard.clear();
      for (const events of this.#spill!.read(part)) shard.apply(events);
      absorb(shard);
    }
    const types = [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      findings: this.#sightings.findings(),
      counts: {
        ...Object.fromEntries(types.map(([type, n]) => [`records ${type}`, n])),
        sessions,
        'sessions still open': openSessions,
        ...this.#sightings.counts(),
      },
    };
  }

  /** Gives its files back. */
  close(): void {
    this.#spill?.close();
  }

  #addRecord(scan: Scan, firstIndex: number, position: number, special: SpecialRecords): void {
    const at = position * FACT_WORDS;
    const { facts } = scan;
    const type = TYPES[facts[at + FACT.type]!] ?? 'MALFORMED';
    this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
    const index = firstIndex + position;
    if (type === 'MALFORMED') {
      const seen = special.reasons.get(position) ?? 'unreadable';
      this.#sightings.add('trail-record-malformed', index, KIND.record, {
        seen,
        source: `log, index ${index}`,
      });
      return;
    }
    const claim = facts[at + FACT.model]!;
    if (claim > 0) this.models.add(scan.models[claim - 1]!, facts[at + FACT.time]!);
    const event = this.#event.fill(0);
    event[EVENT.type] = facts[at + FACT.type]!;
    writeIndex(index, event, 0);
    this.#emit(KIND.record, facts, at + FACT.id);
    const record = special.records.get(position);
    const isPlaced = record?.type === 'LEGAL_HOLD' && record.action === 'place';
    if (facts[at + FACT.hasSession] === 1 && type !== 'EXPORT') {
      // A hold has no sequence; the word says whether it is placed.
      event[EVENT.sequence] = isPlaced ? 1 : facts[at + FACT.sequence]!;
      if (record !== undefined) state(record, event);
      this.#emit(KIND.session, facts, at + FACT.session);
    }
    if (record?.type === 'REVIEW' || record?.type === 'OVERRIDE') {
      writeId(record.detectionId, event, EVENT.key);
      this.#emit(KIND.reference, event, EVENT.key);
    }
  }

  #emit(kind: number, words: Uint32Array, key: number): void {
    const event = this.#event;
    event[EVENT.kind] = kind;
    for (let i = 0; i < 4; i++) event[EVENT.key + i] = words[key + i]!;
    if (this.#whole !== undefined) this.#whole.apply(event);
    else this.#spill!.append(event);
  }
}

/** What a record states that its session has to bear out. */
function state(record: SpecialRecord, event: Uint32Array): void {
  if (record.type === 'SESSION_CLOSE') {
    const { detections, refusals, reviews, overrides } = record.counts;
    for (const [i, count] of [detections, refusals, reviews, overrides].entries())
      event[EVENT.stated + i] = saturate(count);
  } else if (record.type === 'ERASURE') event[EVENT.stated] = saturate(record.records);
  else if (record.type === 'LEGAL_HOLD') writeId(record.hold ?? record.id, event, EVENT.stated);
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
