import type { Database, Row } from './database.ts';
import type { HoldRow, OwedRecord, RecordRow, SessionRow, SessionTerms, StateStore } from './state-store.ts';

const toSession = (row: Row): SessionRow => ({
  id: row.id as string,
  terms: JSON.parse(row.terms as string) as SessionTerms,
  openedAtMs: row.opened_at as number,
  ...(row.closed_at === null ? {} : { closedAtMs: row.closed_at as number }),
  ...(row.erased_at === null ? {} : { erasedAtMs: row.erased_at as number }),
  ...(row.wrapped_key === null ? {} : { wrappedKey: row.wrapped_key as Uint8Array }),
});

const toRecord = (row: Row): RecordRow => ({
  id: row.id as string,
  type: row.type as string,
  sessionId: row.session_id as string,
  sequence: row.sequence as number,
  ...(row.sealed_payload === null ? {} : { sealedPayload: row.sealed_payload as Uint8Array }),
});

const toHold = (row: Row): HoldRow => ({
  id: row.id as string,
  sessionId: row.session_id as string,
  authority: row.authority as string,
  placedAtMs: row.placed_at as number,
  ...(row.released_at === null ? {} : { releasedAtMs: row.released_at as number }),
});

const sessionMethods = (db: Database) => ({
  insertSession: async (row: SessionRow) => {
    db.run(
      'INSERT INTO sessions (id, deployer, terms, opened_at, wrapped_key) VALUES (?, ?, ?, ?, ?)',
      row.id,
      row.terms.deployer,
      JSON.stringify(row.terms),
      row.openedAtMs,
      row.wrappedKey ?? null,
    );
  },
  findSession: async (id: string) => {
    const row = db.get('SELECT * FROM sessions WHERE id = ?', id);
    return row ? toSession(row) : undefined;
  },
  listSessions: async ({ deployer, after, limit }: Parameters<StateStore['listSessions']>[0]) =>
    db
      .all(
        `SELECT * FROM sessions WHERE (opened_at, id) > (?, ?) AND (? IS NULL OR deployer = ?)
         ORDER BY opened_at, id LIMIT ?`,
        after?.openedAtMs ?? -1,
        after?.id ?? '',
        deployer ?? null,
        deployer ?? null,
        limit,
      )
      .map(toSession),
  markClosed: async (sessionId: string, atMs: number) => {
    db.run('UPDATE sessions SET closed_at = ? WHERE id = ? AND closed_at IS NULL', atMs, sessionId);
  },
  dropSession: async (sessionId: string) => {
    db.run('DELETE FROM sessions WHERE id = ?', sessionId);
  },
});

const recordMethods = (db: Database) => ({
  intendRecords: async (rows: readonly RecordRow[]) => {
    await db.inSharedTransaction(() => {
      for (const { id, type, sessionId, sequence, sealedPayload } of rows) {
        db.run(
          'INSERT INTO records (id, type, session_id, sequence, sealed_payload) VALUES (?, ?, ?, ?, ?)',
          id,
          type,
          sessionId,
          sequence,
          sealedPayload ?? null,
        );
      }
    });
  },
  confirmRecords: async (ids: readonly string[]) => {
    await db.inSharedTransaction(() => {
      for (const id of ids) db.run('UPDATE records SET confirmed = 1 WHERE id = ?', id);
    });
  },
  dropIntended: async (ids: readonly string[]) => {
    await db.inSharedTransaction(() => {
      for (const id of ids) db.run('DELETE FROM records WHERE id = ? AND confirmed = 0', id);
    });
  },
  listIntended: async () => db.all('SELECT * FROM records WHERE confirmed = 0').map(toRecord),
  findRecord: async (id: string) => {
    const row = db.get('SELECT * FROM records WHERE id = ? AND confirmed = 1', id);
    return row ? toRecord(row) : undefined;
  },
  listRecords: async (sessionId: string, after: number, limit: number) =>
    db
      .all(
        'SELECT * FROM records WHERE session_id = ? AND sequence > ? AND confirmed = 1 ORDER BY sequence LIMIT ?',
        sessionId,
        after,
        limit,
      )
      .map(toRecord),
  countSession: async (sessionId: string) => {
    const rows = db.all(
      'SELECT type, count(*) AS n, max(sequence) AS last FROM records WHERE session_id = ? AND confirmed = 1 GROUP BY type',
      sessionId,
    );
    const counts = Object.fromEntries(rows.map((row) => [row.type as string, row.n as number]));
    return { counts, nextSequence: rows.reduce((max, row) => Math.max(max, row.last as number), -1) + 1 };
  },
});

const rightsMethods = (db: Database) => ({
  destroySubject: async (sessionId: string, atMs: number, owed: OwedRecord) => {
    db.inTransaction(() => {
      db.run('INSERT INTO owed_records VALUES (?, ?)', owed.id, owed.bytes);
      db.run('UPDATE records SET sealed_payload = NULL WHERE session_id = ?', sessionId);
      db.run('DELETE FROM idempotency WHERE session_id = ?', sessionId);
      db.run('UPDATE sessions SET wrapped_key = NULL, erased_at = ? WHERE id = ?', atMs, sessionId);
    });
    // The pages as they were before are still in the write-ahead log: an erasure ends when they left that too.
    const checkpoint = db.get('PRAGMA wal_checkpoint(TRUNCATE)');
    if (checkpoint?.busy !== 0)
      throw new Error('Somebody reads the state file: the erasure is not complete yet.');
  },
  listOwed: async () =>
    db.all('SELECT id, bytes FROM owed_records ORDER BY id').map(
      (row): OwedRecord => ({
        id: row.id as string,
        bytes: row.bytes as Uint8Array,
      }),
    ),
  settleOwed: async (id: string) => {
    db.run('DELETE FROM owed_records WHERE id = ?', id);
  },
  insertHold: async ({ id, sessionId, authority, placedAtMs }: HoldRow) => {
    db.run(
      'INSERT INTO holds (id, session_id, authority, placed_at) VALUES (?, ?, ?, ?)',
      id,
      sessionId,
      authority,
      placedAtMs,
    );
  },
  releaseHold: async (id: string, atMs: number) => {
    db.run('UPDATE holds SET released_at = ? WHERE id = ? AND released_at IS NULL', atMs, id);
  },
  listHolds: async (sessionId: string) =>
    db.all('SELECT * FROM holds WHERE session_id = ? ORDER BY placed_at, id', sessionId).map(toHold),
  listExpired: async (closedBeforeMs: number, limit: number) =>
    db
      .all(
        `SELECT * FROM sessions WHERE closed_at < ? AND wrapped_key IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM holds WHERE session_id = sessions.id AND released_at IS NULL) ORDER BY closed_at LIMIT ?`,
        closedBeforeMs,
        limit,
      )
      .map(toSession),
});

/** The state in the service's own SQLite file. */
export const createSqliteState = (db: Database): StateStore => ({
  ...sessionMethods(db),
  ...recordMethods(db),
  ...rightsMethods(db),
});
