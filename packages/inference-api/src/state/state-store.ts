export type SessionTerms = {
  readonly purpose: string;
  readonly legalBasis: string;
  readonly deployer: string;
  readonly notice: string;
  /** When the person was told; nothing is read before. */
  readonly noticeShownAtMs: number;
  /** Where consent is the legal basis. */
  readonly consentGivenAtMs?: number;
  readonly subjectRole: string;
  readonly roles: readonly string[];
};

export type SessionRow = {
  readonly id: string;
  readonly terms: SessionTerms;
  readonly openedAtMs: number;
  readonly closedAtMs?: number;
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

export type SessionCounts = Readonly<Record<string, number>>;

/**
 * State that is not evidence: sessions, sealed payloads. The log stays the truth. A record row is written before
 * its leaf ("intended") and confirmed after, so that a crash between the two can be settled by asking the log.
 */
export type StateStore = {
  insertSession(row: SessionRow): Promise<void>;
  findSession(id: string): Promise<SessionRow | undefined>;
  markClosed(sessionId: string, atMs: number): Promise<void>;
  intendRecords(rows: readonly RecordRow[]): Promise<void>;
  confirmRecords(ids: readonly string[]): Promise<void>;
  dropIntended(ids: readonly string[]): Promise<void>;
  listIntended(): Promise<readonly RecordRow[]>;
  findRecord(id: string): Promise<RecordRow | undefined>;
  /** Confirmed records of a session by type, and the sequence number that comes next. */
  countSession(sessionId: string): Promise<{ readonly counts: SessionCounts; readonly nextSequence: number }>;
  close(): Promise<void>;
};
