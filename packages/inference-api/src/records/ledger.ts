import { randomBytes } from 'node:crypto';
import { encodeRecord, type TrailRecord, toHex, utf8 } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import type { Receipt, TransparencyLog } from '../log/log.ts';
import { findPersonalData } from '../policy/personal-data.ts';
import type { RecordRow, SessionRow, StateStore } from '../state/state-store.ts';
import { inSpan } from '../tracing/spans.ts';
import { payloadKeyOf, seal } from '../vault/seal.ts';
import type { SubjectKeys } from '../vault/subject-keys.ts';
import { presentReceipt } from './present.ts';

/** Where a record stands in its session. */
export type Place = {
  readonly sequence: number;
  readonly subjectKey: Uint8Array;
  /** Records of the session so far by type; counted only for drafts that say `needsCounts`. */
  readonly counts: Readonly<Record<string, number>>;
};

/** A record that still lacks its place in the session, with the fields its commitments open to. */
export type Draft = {
  readonly id: string;
  readonly payload?: unknown;
  readonly needsCounts?: boolean;
  /** Not after the session was closed, not even while the closing was under way. */
  readonly needsOpenSession?: boolean;
  build(place: Place): TrailRecord;
};

export type Recorded = {
  readonly receipt: Receipt;
  readonly sequence: number;
  readonly record: TrailRecord;
};

export type Ledger = {
  /**
   * Appends to one session, in order, without gaps; all drafts of a call come under one checkpoint. `after` runs
   * before anything else of the session does.
   */
  append(
    session: SessionRow,
    drafts: readonly Draft[],
    after?: () => Promise<void>,
  ): Promise<readonly Recorded[]>;
  /** Appends a record that belongs to no session's sequence. */
  appendAlone(record: TrailRecord): Promise<Receipt>;
  /** Runs while nothing is appended to the session. */
  whileQuiet<T>(sessionId: string, task: () => Promise<T>): Promise<T>;
  /** Settles what a crash left between the state and the log: run once, before anything is appended. */
  recover(): Promise<{ readonly confirmed: number; readonly dropped: number; readonly owed: number }>;
};

type LedgerParts = {
  readonly log: TransparencyLog;
  readonly state: StateStore;
  readonly keys: SubjectKeys;
  /** Of the policy that refusals name. */
  readonly policy: string;
  readonly now: () => number;
};

const SEQUENCES_KEPT = 10_000;

const toEncoded = (record: TrailRecord) => ({
  id: record.id,
  bytes: encodeRecord(record),
  ...(record.type === 'DETECTION' ? { modelVersion: record.modelVersion } : {}),
});

export const payloadContext = (recordId: string): string => `testigo/payload/v1/${recordId}`;

/** Runs tasks of one key after each other, of different keys at once. */
const createQueues = () => {
  const tails = new Map<string, Promise<unknown>>();
  return <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const tail = tails.get(key) ?? Promise.resolve();
    const run = tail.then(task, task);
    const settled = run.catch(() => undefined);
    tails.set(key, settled);
    void settled.then(() => {
      if (tails.get(key) === settled) tails.delete(key);
    });
    return run;
  };
};

export const createLedger = ({ log, state, keys, policy, now }: LedgerParts): Ledger => {
  const inOrder = createQueues();

  /**
   * The last gate before the log, whoever built the record: what looks personal is refused, and the refusal, which
   * says nothing of it, is recorded instead. @throws ApiError personal-data
   */
  const checkPublic = async (records: readonly TrailRecord[]): Promise<void> => {
    const found = [...new Set(records.flatMap((record) => findPersonalData(record)))];
    if (found.length === 0) return;
    const time = Math.floor(now() / 1000);
    const id = toHex(randomBytes(16));
    const refusal = { type: 'REFUSAL', version: 1, id, time, reason: 'personal-data', policy } as const;
    const receipt = await log.append(toEncoded(refusal));
    const detail = `These fields look personal: ${found.join(', ')}.`;
    throw new ApiError('personal-data', detail, { extensions: presentReceipt(receipt) });
  };

  const settle = async (rows: readonly RecordRow[]) => {
    const confirmed: string[] = [];
    const dropped: string[] = [];
    for (const { id } of rows) ((await log.findRecord(id)) ? confirmed : dropped).push(id);
    await state.confirmRecords(confirmed);
    await state.dropIntended(dropped);
    return { confirmed: confirmed.length, dropped: dropped.length };
  };

  // Where each session's sequence stands; forgotten on any failure, since the state then knows better.
  const nextSequences = new Map<string, number>();
  const reserve = async (sessionId: string): Promise<number> => {
    const known = nextSequences.get(sessionId);
    if (known !== undefined) return known;
    await settle((await state.listIntended()).filter((row) => row.sessionId === sessionId));
    return (await state.countSession(sessionId)).nextSequence;
  };
  const remember = (sessionId: string, nextSequence: number): void => {
    if (nextSequences.size >= SEQUENCES_KEPT) nextSequences.clear();
    nextSequences.set(sessionId, nextSequence);
  };

  /** The session as it is now, not as it was when the request came in. */
  const checkSession = async (given: SessionRow, drafts: readonly Draft[]): Promise<Uint8Array> => {
    const session = await state.findSession(given.id);
    if (!session) throw new ApiError('session-unknown');
    if (!session.wrappedKey) throw new ApiError('subject-erased');
    const isClosed = session.closedAtMs !== undefined;
    if (isClosed && drafts.some((draft) => draft.needsOpenSession)) throw new ApiError('session-closed');
    return keys.open(session.id, session.wrappedKey);
  };

  const appendInOrder = async (
    session: SessionRow,
    drafts: readonly Draft[],
  ): Promise<readonly Recorded[]> => {
    const subjectKey = await checkSession(session, drafts);
    const payloadKey = payloadKeyOf(subjectKey);
    const nextSequence = await reserve(session.id);
    nextSequences.delete(session.id);
    const isCounting = drafts.some((draft) => draft.needsCounts);
    const counts = { ...(isCounting ? (await state.countSession(session.id)).counts : {}) };
    const records = drafts.map((draft, i) => {
      const record = draft.build({ sequence: nextSequence + i, subjectKey, counts });
      counts[record.type] = (counts[record.type] ?? 0) + 1;
      return record;
    });
    await checkPublic(records);
    const encoded = records.map(toEncoded);
    const rows = drafts.map((draft, i): RecordRow => {
      const plain = draft.payload === undefined ? undefined : utf8(JSON.stringify(draft.payload));
      return {
        id: draft.id,
        type: records[i]!.type,
        sessionId: session.id,
        sequence: nextSequence + i,
        ...(plain ? { sealedPayload: seal(payloadKey, payloadContext(draft.id), plain) } : {}),
      };
    });
    await state.intendRecords(rows);
    try {
      const receipts = await inSpan('append', () => log.appendAll(encoded));
      await state.confirmRecords(rows.map(({ id }) => id));
      remember(session.id, nextSequence + rows.length);
      return receipts.map((receipt, i) => ({ receipt, sequence: nextSequence + i, record: records[i]! }));
    } catch (error) {
      // The log may have kept the records all the same (say, the disk failed while answering): ask it.
      await settle(rows);
      throw error;
    }
  };

  return {
    append: (session, drafts, after) =>
      inOrder(session.id, async () => {
        const recorded = await appendInOrder(session, drafts);
        await after?.();
        return recorded;
      }),
    whileQuiet: inOrder,
    appendAlone: async (record) => {
      await checkPublic([record]);
      return log.append(toEncoded(record));
    },
    recover: async () => {
      const settled = await settle(await state.listIntended());
      await state.closeRecorded(now());
      const owed = await state.listOwed();
      for (const { id, bytes } of owed) {
        // The log may hold it already: the same bytes are one leaf.
        await log.append({ id, bytes });
        await state.settleOwed(id);
      }
      return { ...settled, owed: owed.length };
    },
  };
};
