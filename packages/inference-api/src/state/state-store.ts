import type { Ground, Role } from '../policy/rules.ts';

export type SessionTerms = {
  readonly purpose: string;
  readonly legalBasis: string;
  readonly deployer: string;
  readonly notice: string;
  /** When the person was told; nothing is read before. */
  readonly noticeShownAtMs: number;
  /** Where consent is the legal basis. */
  readonly consentGivenAtMs?: number;
  readonly subjectRole: Role;
  readonly roles: readonly Role[];
  /** Why somebody at work or in education may be scored. */
  readonly ground?: Ground;
};

export type SessionRow = {
  readonly id: string;
  readonly terms: SessionTerms;
  readonly openedAtMs: number;
  readonly closedAtMs?: number;
  readonly erasedAtMs?: number;
  /** The subject key under the master key; gone once the subject was erased. */
  readonly wrappedKey?: Uint8Array;
};

/** What is kept beside the log of one record: where it belongs, and the sealed payload its commitments open to. */
export type RecordRow = {
  readonly id: string;
  readonly type: string;
  readonly sessionId: string;
  readonly sequence: number;
  readonly sealedPayload?: Uint8Array;
};

export type HoldRow = {
  /** The id of the LEGAL_HOLD record that placed it. */
  readonly id: string;
  readonly sessionId: string;
  readonly authority: string;
  readonly placedAtMs: number;
  readonly releasedAtMs?: number;
};

export type SessionQuery = {
  readonly deployer?: string | undefined;
  /** Sessions opened after this one, in order of opening. */
  readonly after?: { readonly openedAtMs: number; readonly id: string } | undefined;
  readonly limit: number;
};

/** A canonical record and its id. */
export type OwedRecord = { readonly id: string; readonly bytes: Uint8Array };

/**
 * State that is not evidence: sessions, sealed payloads, holds. The log stays the truth. A record row is written
 * before its leaf ("intended") and confirmed after, so that a crash between the two can be settled by asking the log.
 */
export type StateStore = {
  insertSession(row: SessionRow): Promise<void>;
  findSession(id: string): Promise<SessionRow | undefined>;
  listSessions(query: SessionQuery): Promise<readonly SessionRow[]>;
  markClosed(sessionId: string, atMs: number): Promise<void>;
  dropSession(sessionId: string): Promise<void>;
  /** Closes the sessions whose SESSION_CLOSE is confirmed: a crash may have come between the two. */
  closeRecorded(atMs: number): Promise<void>;

  intendRecords(rows: readonly RecordRow[]): Promise<void>;
  confirmRecords(ids: readonly string[]): Promise<void>;
  dropIntended(ids: readonly string[]): Promise<void>;
  listIntended(): Promise<readonly RecordRow[]>;
  findRecord(id: string): Promise<RecordRow | undefined>;
  /** Confirmed records in order, after this sequence number. */
  listRecords(sessionId: string, after: number, limit: number): Promise<readonly RecordRow[]>;
  /** Confirmed records of a session by type, and the sequence number that comes next. */
  countSession(
    sessionId: string,
  ): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly nextSequence: number }>;

  /**
   * Destroys the subject key, every sealed payload and every kept reply of the session, also in the journal, and
   * notes with it, all or nothing, that the log is owed this record.
   */
  destroySubject(sessionId: string, atMs: number, owed: OwedRecord): Promise<void>;
  /** Records of things done that the log may not hold yet. */
  listOwed(): Promise<readonly OwedRecord[]>;
  settleOwed(id: string): Promise<void>;
  insertHold(row: HoldRow): Promise<void>;
  releaseHold(id: string, atMs: number): Promise<void>;
  listHolds(sessionId: string): Promise<readonly HoldRow[]>;
  /** Sessions closed before this time whose payloads still exist. */
  listExpired(closedBeforeMs: number, limit: number): Promise<readonly SessionRow[]>;
};
