import { encodeRecord, type TrailRecord, utf8 } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import type { Receipt, TransparencyLog } from '../log/log.ts';
import type { RecordRow, SessionRow, StateStore } from '../state/state-store.ts';
import { payloadKeyOf, seal } from '../vault/seal.ts';
import type { SubjectKeys } from '../vault/subject-keys.ts';

/** A record that still lacks its place in the session, with the fields its commitments open to. */
export type Draft = {
  readonly id: string;
  readonly payload?: unknown;
  build(place: { readonly sequence: number; readonly subjectKey: Uint8Array }): TrailRecord;
};

export type Recorded = { readonly receipt: Receipt; readonly sequence: number; readonly record: TrailRecord };

export type Ledger = {
  /** Appends to one session, in order, without gaps; all drafts of a call come under one checkpoint. */
  append(session: SessionRow, drafts: readonly Draft[]): Promise<readonly Recorded[]>;
  /** Appends a record that belongs to no session's sequence. */
  appendAlone(record: TrailRecord): Promise<Receipt>;
  /** Settles what a crash left between the state and the log: run once, before anything is appended. */
  recover(): Promise<{ readonly confirmed: number; readonly dropped: number }>;
};

type LedgerParts = { readonly log: TransparencyLog; readonly state: StateStore; readonly keys: SubjectKeys };

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

export const createLedger = ({ log, state, keys }: LedgerParts): Ledger => {
  const inOrder = createQueues();

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

  const appendInOrder = async (
    session: SessionRow,
    drafts: readonly Draft[],
  ): Promise<readonly Recorded[]> => {
    if (!session.wrappedKey) throw new ApiError('subject-erased');
    const subjectKey = keys.open(session.id, session.wrappedKey);
    const payloadKey = payloadKeyOf(subjectKey);
    const nextSequence = await reserve(session.id);
    nextSequences.delete(session.id);
    const records = drafts.map((draft, i) => draft.build({ sequence: nextSequence + i, subjectKey }));
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
      const receipts = await log.appendAll(records.map(toEncoded));
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
    append: (session, drafts) => inOrder(session.id, () => appendInOrder(session, drafts)),
    appendAlone: (record) => log.append(toEncoded(record)),
    recover: async () => settle(await state.listIntended()),
  };
};
