import { formatId, IdTable } from './id-table.ts';
import { EVENT, EVENT_WORDS, KIND, readIndex } from './ledger-event.ts';
import { TYPES } from './scan-records.ts';
import { Sightings } from './sightings.ts';

type RecordType = (typeof TYPES)[number];

/** Columns of a session's row. */
const S = {
  next: 0,
  detections: 1,
  refusals: 2,
  reviews: 3,
  overrides: 4,
  isOpened: 5,
  isClosed: 6,
} as const;
const COUNTED: Partial<Record<RecordType, number>> = {
  DETECTION: S.detections,
  REFUSAL: S.refusals,
  REVIEW: S.reviews,
  OVERRIDE: S.overrides,
};
/** The order in which a close states its counts. */
const STATED = ['detections', 'refusals', 'reviews', 'overrides'] as const;
/** What may not happen once a session is closed; a review may come days later. */
const LIVE = new Set<RecordType>(['DETECTION', 'REFUSAL', 'SESSION_OPEN']);

const sourceAt = (index: number): string => `log, index ${index}`;

/** Keeps account of some of a log's ids and sessions; all events about any one of them come here, in the log's order. */
export class LedgerShard {
  #sightings = new Sightings();
  /** With the number of the record's type. */
  readonly #ids = new IdTable(1);
  readonly #sessions = new IdTable(7);
  /** Legal holds by session and id: are they in force? Rare, and never more than a part has records. */
  readonly #holds = new Map<string, boolean>();
  /** How many holds each session is under: one may be placed before the session has a record. */
  readonly #held = new IdTable(1);
  #openSessions = 0;

  /** Makes room for another part of the log's ids and sessions, in the same memory. */
  clear(): void {
    this.#ids.clear();
    this.#sessions.clear();
    this.#holds.clear();
    this.#held.clear();
    this.#sightings = new Sightings();
    this.#openSessions = 0;
  }

  get sightings(): Sightings {
    return this.#sightings;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get openSessions(): number {
    return this.#openSessions;
  }

  /** `events` holds any number of events, one after the other. */
  apply(events: Uint32Array): void {
    for (let at = 0; at < events.length; at += EVENT_WORDS) {
      const kind = events[at + EVENT.kind]!;
      if (kind === KIND.record) this.#addId(events, at);
      else if (kind === KIND.reference) this.#checkReference(events, at);
      else this.#applyToSession(events, at);
    }
  }

  #addId(events: Uint32Array, at: number): void {
    const { row, isNew } = this.#ids.insert(events, at + EVENT.key);
    if (isNew) {
      this.#ids.set(row, 0, events[at + EVENT.type]!);
      return;
    }
    const index = readIndex(events, at);
    const seen = `record ${formatId(events, at + EVENT.key)}`;
    this.#sightings.add('trail-record-duplicate', index, KIND.record, { seen, source: sourceAt(index) });
  }

  #checkReference(events: Uint32Array, at: number): void {
    const row = this.#ids.find(events, at + EVENT.key);
    const type = row < 0 ? undefined : TYPES[this.#ids.get(row, 0)];
    if (type === 'DETECTION') return;
    const index = readIndex(events, at);
    this.#sightings.add('trail-reference-unknown', index, KIND.reference, {
      expected: `detection ${formatId(events, at + EVENT.key)} earlier in the log`,
      seen: type === undefined ? 'no such record' : `a record of type ${type}`,
      source: sourceAt(index),
    });
  }

  #applyToSession(events: Uint32Array, at: number): void {
    const type = TYPES[events[at + EVENT.type]!]!;
    if (type === 'ERASURE') this.#checkErasure(events, at);
    else if (type === 'LEGAL_HOLD') this.#applyHold(events, at);
    else {
      const row = this.#advance(events, at, type);
      if (type === 'SESSION_CLOSE') this.#close(events, at, row);
    }
  }

  #report(
    code: Parameters<Sightings['add']>[0],
    events: Uint32Array,
    at: number,
    expected: string,
    seen: string,
  ): void {
    const index = readIndex(events, at);
    this.#sightings.add(code, index, KIND.session, { expected, seen, source: sourceAt(index) });
  }

  /** Row of the session after one more record of it. */
  #advance(events: Uint32Array, at: number, type: RecordType): number {
    const session = this.#sessions;
    const { row, isNew } = session.insert(events, at + EVENT.key);
    const sequence = events[at + EVENT.sequence]!;
    const isUnopened = isNew && type !== 'SESSION_OPEN';
    if (isUnopened)
      this.#report(
        'trail-session-unopened',
        events,
        at,
        'SESSION_OPEN first',
        `${type} in ${nameOf(events, at)}`,
      );
    const next = session.get(row, S.next);
    if (sequence !== next && !isUnopened) {
      const seen = `sequence ${sequence} in ${nameOf(events, at)}`;
      this.#report('trail-sequence-gap', events, at, `sequence ${next}`, seen);
    }
    if (session.get(row, S.isClosed) === 1 && LIVE.has(type)) {
      const seen = `${type} in ${nameOf(events, at)}`;
      this.#report('trail-session-reopened', events, at, 'no reading after SESSION_CLOSE', seen);
    }
    session.set(row, S.next, sequence + 1);
    const counted = COUNTED[type];
    if (counted !== undefined) session.set(row, counted, session.get(row, counted) + 1);
    if (type === 'SESSION_OPEN' && session.get(row, S.isOpened) === 0) {
      session.set(row, S.isOpened, 1);
      this.#openSessions += 1;
    }
    return row;
  }

  #close(events: Uint32Array, at: number, row: number): void {
    for (const [i, name] of STATED.entries()) {
      const expected = events[at + EVENT.stated + i]!;
      const seen = this.#sessions.get(row, S[name]);
      if (expected === seen) continue;
      const stated = `${expected} ${name} in ${nameOf(events, at)}`;
      this.#report('trail-session-counts-mismatch', events, at, stated, `${seen} in the log`);
    }
    if (this.#sessions.get(row, S.isOpened) === 1 && this.#sessions.get(row, S.isClosed) === 0)
      this.#openSessions -= 1;
    this.#sessions.set(row, S.isClosed, 1);
  }

  /** A release lifts the one hold that it names: counting them would let a made-up one lift another. */
  #applyHold(events: Uint32Array, at: number): void {
    const isPlaced = events[at + EVENT.sequence] === 1;
    const hold = `hold ${formatId(events, at + EVENT.stated)} of ${nameOf(events, at)}`;
    const wasInForce = this.#holds.get(hold);
    if (!isPlaced && wasInForce === undefined) {
      this.#report('trail-release-unbacked', events, at, hold, 'none');
      return;
    }
    this.#holds.set(hold, isPlaced);
    const { row } = this.#held.insert(events, at + EVENT.key);
    this.#held.set(row, 0, this.#held.get(row, 0) + Number(isPlaced) - Number(wasInForce === true));
  }

  #checkErasure(events: Uint32Array, at: number): void {
    const row = this.#sessions.find(events, at + EVENT.key);
    const kept = row < 0 ? 0 : this.#sessions.get(row, S.next);
    const erased = events[at + EVENT.stated]!;
    const session = nameOf(events, at);
    if (row < 0 || erased > kept) {
      const expected = `at least ${erased} records of ${session}`;
      this.#report('trail-erasure-unbacked', events, at, expected, `${kept} in the log`);
    }
    const held = this.#held.find(events, at + EVENT.key);
    if (held >= 0 && this.#held.get(held, 0) > 0)
      this.#report('trail-erasure-under-hold', events, at, `${session} kept under a legal hold`, 'ERASURE');
  }
}

const nameOf = (events: Uint32Array, at: number): string => `session ${formatId(events, at + EVENT.key)}`;
