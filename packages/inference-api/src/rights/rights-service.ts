import { encodeRecord, type TrailRecord } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import type { Receipt } from '../log/log.ts';
import { judgeDeletion, RETENTION_MS } from '../policy/rules.ts';
import { newId, toSeconds } from '../records/drafts.ts';
import { type EvidenceParts, openPayload, type SealedPayload } from '../records/evidence.ts';
import type { Ledger } from '../records/ledger.ts';
import type { Refuser } from '../records/refuse.ts';
import type { HoldRow, SessionRow, StateStore } from '../state/state-store.ts';

export type ErasureRequest = { readonly reason: string; readonly overridingGround?: string | undefined };
export type ExportedRecord = {
  readonly recordId: string;
  readonly sequence: number;
  readonly type: string;
} & Partial<SealedPayload>;

export type RightsService = {
  /** Destroys the subject's key and payloads; the records stay and verify. @throws ApiError legal-hold, retention-period */
  erase(session: SessionRow, request: ErasureRequest): Promise<Receipt>;
  /** Everything kept of the subject, in the clear, for the subject. */
  exportSubject(
    session: SessionRow,
    recipient: string,
  ): Promise<{ readonly receipt: Receipt; readonly records: readonly ExportedRecord[] }>;
  placeHold(
    session: SessionRow,
    authority: string,
  ): Promise<{ readonly receipt: Receipt; readonly hold: HoldRow }>;
  releaseHold(session: SessionRow, holdId: string, authority: string): Promise<Receipt>;
  listHolds(session: SessionRow): Promise<readonly HoldRow[]>;
  /** Erases what is older than the retention period and under no hold. */
  purgeExpired(limit: number): Promise<readonly string[]>;
};

type RightsParts = {
  readonly ledger: Ledger;
  readonly refuser: Refuser;
  readonly state: StateStore;
  readonly evidence: EvidenceParts;
  readonly now: () => number;
};

const PAGE = 500;

export const createRightsService = ({
  ledger,
  refuser,
  state,
  evidence,
  now,
}: RightsParts): RightsService => {
  const isHeld = async (sessionId: string): Promise<boolean> =>
    (await state.listHolds(sessionId)).some((hold) => hold.releasedAtMs === undefined);

  const countRecords = async (sessionId: string): Promise<number> =>
    Object.values((await state.countSession(sessionId)).counts).reduce((a, b) => a + b, 0);

  /** Destroyed first, with the record noted as owed: after a crash between the two, `recover` appends it. */
  const destroy = async (session: SessionRow, reason: string): Promise<Receipt> => {
    const record: TrailRecord = {
      type: 'ERASURE',
      version: 1,
      id: newId(),
      time: toSeconds(now()),
      sessionId: session.id,
      reason,
      records: await countRecords(session.id),
    };
    await state.destroySubject(session.id, now(), { id: record.id, bytes: encodeRecord(record) });
    const receipt = await ledger.appendAlone(record);
    await state.settleOwed(record.id);
    return receipt;
  };

  const listAll = async (sessionId: string): Promise<ExportedRecord[]> => {
    const exported: ExportedRecord[] = [];
    for (let after = -1; ; ) {
      const rows = await state.listRecords(sessionId, after, PAGE);
      for (const { id, type, sequence, sealedPayload } of rows) {
        const payload = sealedPayload ? (await openPayload(evidence, id)).payload : {};
        exported.push({ recordId: id, sequence, type, ...payload });
      }
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return exported;
      after = last.sequence;
    }
  };

  const appendHold = (
    sessionId: string,
    authority: string,
    hold: string | undefined,
    id: string,
  ): Promise<Receipt> =>
    ledger.appendAlone({
      type: 'LEGAL_HOLD',
      version: 1,
      id,
      time: toSeconds(now()),
      sessionId,
      action: hold === undefined ? 'place' : 'release',
      ...(hold === undefined ? {} : { hold }),
      authority,
    });

  return {
    erase: (session, { reason, overridingGround }) =>
      ledger.whileQuiet(session.id, async () => {
        const current = await state.findSession(session.id);
        if (!current?.wrappedKey) throw new ApiError('subject-erased');
        // The refusals go into the log by themselves: the session's own sequence waits for this very task.
        if (await isHeld(session.id)) return refuser.refuseAlone('legal-hold', session.terms.subjectRole);
        const newestMs = current.closedAtMs ?? now();
        const early = judgeDeletion(newestMs, now(), overridingGround);
        if (early) return refuser.refuseAlone(early, session.terms.subjectRole);
        return destroy(session, overridingGround ?? reason);
      }),
    exportSubject: async (session, recipient) => {
      if (!session.wrappedKey) throw new ApiError('subject-erased');
      const records = await listAll(session.id);
      const receipt = await ledger.appendAlone({
        type: 'EXPORT',
        version: 1,
        id: newId(),
        time: toSeconds(now()),
        sessionId: session.id,
        recipient,
        records: records.length,
      });
      return { receipt, records };
    },
    placeHold: (session, authority) =>
      ledger.whileQuiet(session.id, async () => {
        const id = newId();
        // Held first, recorded second: between the two an erasure must not slip through.
        const hold = { id, sessionId: session.id, authority, placedAtMs: now() };
        await state.insertHold(hold);
        try {
          return { receipt: await appendHold(session.id, authority, undefined, id), hold };
        } catch (error) {
          await state.releaseHold(id, now());
          throw error;
        }
      }),
    releaseHold: (session, holdId, authority) =>
      ledger.whileQuiet(session.id, async () => {
        const hold = (await state.listHolds(session.id)).find(({ id }) => id === holdId);
        if (!hold || hold.releasedAtMs !== undefined) throw new ApiError('hold-unknown');
        const receipt = await appendHold(session.id, authority, holdId, newId());
        await state.releaseHold(holdId, now());
        return receipt;
      }),
    listHolds: (session) => state.listHolds(session.id),
    purgeExpired: async (limit) => {
      const erased: string[] = [];
      for (const session of await state.listExpired(now() - RETENTION_MS, limit)) {
        await ledger.whileQuiet(session.id, async () => {
          // A hold may have come since the list was read.
          if (await isHeld(session.id)) return;
          await destroy(session, 'retention-period-over');
          erased.push(session.id);
        });
      }
      return erased;
    },
  };
};
