import type { Database, Row, Statement } from './database.ts';
import { optional, toBytes } from './nullable.ts';
import type { HoldRow, OwedRecord, RecordRow, SessionRow, SessionTerms, StateStore } from './state-store.ts';

const toSession = (row: Row): SessionRow => ({
  id: row.id as string,
  terms: JSON.parse(row.terms as string) as SessionTerms,
  openedAtMs: row.opened_at as number,
  ...optional('closedAtMs', row.closed_at, Number),
  ...optional('erasedAtMs', row.erased_at, Number),
  ...optional('wrappedKey', row.wrapped_key, toBytes),
});

const toRecord = (row: Row): RecordRow => ({
  id: row.id as string,
  type: row.type as string,
  sessionId: row.session_id as string,
  sequence: row.sequence as number,
  ...optional('sealedPayload', row.sealed_payload, toBytes),
});

const toHold = (row: Row): HoldRow => ({
  id: row.id as string,
  sessionId: row.session_id as string,
  authority: row.authority as string,
  placedAtMs: row.placed_at as number,
  ...optional('releasedAtMs', row.released_at, Number),
});

const sessionMethods = (db: Database) => ({
  insertSession: async (row: SessionRow) => {
    const { id, terms, openedAtMs, wrappedKey = null } = row;
    await db.write([
      'INSERT INTO sessions (id, deployer, terms, opened_at, wrapped_key) VALUES (?, ?, ?, ?, ?)',
      id,
      terms.deployer,
      JSON.stringify(terms),
      openedAtMs,
      wrappedKey,
    ]);
  },
  findSession: async (id: string) => {
    const row = await db.get('SELECT * FROM sessions WHERE id = ?', id);
    return row && toSession(row);
  },
  listSessions: async ({ deployer, after, limit }: Parameters<StateStore['listSessions']>[0]) => {
    const rows = await db.all(
      `SELECT * FROM sessions WHERE (opened_at, id) > (?, ?) AND deployer = coalesce(?, deployer)
       ORDER BY opened_at, id LIMIT ?`,
      after?.openedAtMs ?? -1,
      after?.id ?? '',
      deployer ?? null,
      limit,
    );
    return rows.map(toSession);
  },
  markClosed: async (sessionId: string, atMs: number) => {
    await db.write(['UPDATE sessions SET closed_at = ? WHERE id = ? AND closed_at IS NULL', atMs, sessionId]);
  },
  closeRecorded: async (atMs: number) => {
    await db.write([
      `UPDATE sessions SET closed_at = ? WHERE closed_at IS NULL AND EXISTS (SELECT 1 FROM records
         WHERE session_id = sessions.id AND type = 'SESSION_CLOSE' AND confirmed = 1)`,
      atMs,
    ]);
  },
  dropSession: async (sessionId: string) => {
    await db.write(['DELETE FROM sessions WHERE id = ?', sessionId]);
  },
});

const intendRecord = ({ id, type, sessionId, sequence, sealedPayload }: RecordRow): Statement => [
  'INSERT INTO records (id, type, session_id, sequence, sealed_payload) VALUES (?, ?, ?, ?, ?)',
  id,
  type,
  sessionId,
  sequence,
  sealedPayload ?? null,
];

const recordMethods = (db: Database) => ({
  intendRecords: async (rows: readonly RecordRow[]) => {
    await db.write(...rows.map(intendRecord));
  },
  confirmRecords: async (ids: readonly string[]) => {
    await db.write(...ids.map((id): Statement => ['UPDATE records SET confirmed = 1 WHERE id = ?', id]));
  },
  dropIntended: async (ids: readonly string[]) => {
    await db.write(...ids.map((id): Statement => ['DELETE FROM records WHERE id = ? AND confirmed = 0', id]));
  },
  listIntended: async () => (await db.all('SELECT * FROM records WHERE confirmed = 0')).map(toRecord),
  findRecord: async (id: string) => {
    const row = await db.get('SELECT * FROM records WHERE id = ? AND confirmed = 1', id);
    return row && toRecord(row);
  },
  listRecords: async (sessionId: string, after: number, limit: number) => {
    const rows = await db.all(
      'SELECT * FROM records WHERE session_id = ? AND sequence > ? AND confirmed = 1 ORDER BY sequence LIMIT ?',
      sessionId,
      after,
      limit,
    );
    return rows.map(toRecord);
  },
  countSession: async (sessionId: string) => {
    const rows = await db.all(
      'SELECT type, count(*) AS n, max(sequence) AS last FROM records WHERE session_id = ? AND confirmed = 1 GROUP BY type',
      sessionId,
    );
    const counts = Object.fromEntries(rows.map((row) => [row.type as string, row.n as number]));
    return { counts, nextSequence: rows.reduce((max, row) => Math.max(max, row.last as number), -1) + 1 };
  },
});

const rightsMethods = (db: Database) => ({
  destroySubject: async (sessionId: string, atMs: number, owed: OwedRecord) => {
    await db.write(
      ['INSERT INTO owed_records VALUES (?, ?)', owed.id, owed.bytes],
      ['UPDATE records SET sealed_payload = NULL WHERE session_id = ?', sessionId],
      ['DELETE FROM idempotency WHERE session_id = ?', sessionId],
      ['UPDATE sessions SET wrapped_key = NULL, erased_at = ? WHERE id = ?', atMs, sessionId],
    );
    // What was there before is still in the journal: an erasure ends when it left that too.
    await db.forgetDeleted();
  },
  listOwed: async () => {
    const rows = await db.all('SELECT id, bytes FROM owed_records ORDER BY id');
    return rows.map((row): OwedRecord => ({ id: row.id as string, bytes: row.bytes as Uint8Array }));
  },
  settleOwed: async (id: string) => {
    await db.write(['DELETE FROM owed_records WHERE id = ?', id]);
  },
  insertHold: async ({ id, sessionId, authority, placedAtMs }: HoldRow) => {
    await db.write([
      'INSERT INTO holds (id, session_id, authority, placed_at) VALUES (?, ?, ?, ?)',
      id,
      sessionId,
      authority,
      placedAtMs,
    ]);
  },
  releaseHold: async (id: string, atMs: number) => {
    await db.write(['UPDATE holds SET released_at = ? WHERE id = ? AND released_at IS NULL', atMs, id]);
  },
  listHolds: async (sessionId: string) => {
    const rows = await db.all('SELECT * FROM holds WHERE session_id = ? ORDER BY placed_at, id', sessionId);
    return rows.map(toHold);
  },
  listExpired: async (closedBeforeMs: number, limit: number) => {
    const rows = await db.all(
      `SELECT * FROM sessions WHERE closed_at < ? AND wrapped_key IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM holds WHERE session_id = sessions.id AND released_at IS NULL) ORDER BY closed_at LIMIT ?`,
      closedBeforeMs,
      limit,
    );
    return rows.map(toSession);
  },
});

/** The state in the service's own tables. */
export const createSqlState = (db: Database): StateStore => ({
  ...sessionMethods(db),
  ...recordMethods(db),
  ...rightsMethods(db),
});
