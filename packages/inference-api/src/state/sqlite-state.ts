import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { RecordRow, SessionRow, SessionTerms, StateStore } from './state-store.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, terms TEXT NOT NULL, opened_at INTEGER NOT NULL, closed_at INTEGER, wrapped_key BLOB
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, session_id TEXT NOT NULL, sequence INTEGER NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0, sealed_payload BLOB, UNIQUE (session_id, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_intended ON records (id) WHERE confirmed = 0;
`;

type Row = Record<string, unknown>;

const toSession = (row: Row): SessionRow => ({
  id: row.id as string,
  terms: JSON.parse(row.terms as string) as SessionTerms,
  openedAtMs: row.opened_at as number,
  ...(row.closed_at === null ? {} : { closedAtMs: row.closed_at as number }),
  ...(row.wrapped_key === null ? {} : { wrappedKey: row.wrapped_key as Uint8Array }),
});

const toRecord = (row: Row): RecordRow => ({
  id: row.id as string,
  type: row.type as string,
  sessionId: row.session_id as string,
  sequence: row.sequence as number,
  ...(row.sealed_payload === null ? {} : { sealedPayload: row.sealed_payload as Uint8Array }),
});

/** One file, nothing to install. Payloads of erased subjects are overwritten, not only unlinked. */
export const openSqliteState = (file: string): StateStore => {
  const db = new DatabaseSync(file);
  // A killed process loses nothing in WAL mode; secure_delete makes erasure reach the file's free pages.
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;',
  );
  db.exec(SCHEMA);
  const prepared = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    const known = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, known);
    return known;
  };
  const inTransaction = (work: () => void): void => {
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  };
  return {
    insertSession: async (row) => {
      sql('INSERT INTO sessions (id, terms, opened_at, wrapped_key) VALUES (?, ?, ?, ?)').run(
        row.id,
        JSON.stringify(row.terms),
        row.openedAtMs,
        row.wrappedKey ?? null,
      );
    },
    findSession: async (id) => {
      const row = sql('SELECT * FROM sessions WHERE id = ?').get(id);
      return row ? toSession(row) : undefined;
    },
    markClosed: async (sessionId, atMs) => {
      sql('UPDATE sessions SET closed_at = ? WHERE id = ? AND closed_at IS NULL').run(atMs, sessionId);
    },
    intendRecords: async (rows) => {
      inTransaction(() => {
        const insert = sql(
          'INSERT INTO records (id, type, session_id, sequence, sealed_payload) VALUES (?, ?, ?, ?, ?)',
        );
        for (const row of rows)
          insert.run(row.id, row.type, row.sessionId, row.sequence, row.sealedPayload ?? null);
      });
    },
    confirmRecords: async (ids) => {
      inTransaction(() => {
        for (const id of ids) sql('UPDATE records SET confirmed = 1 WHERE id = ?').run(id);
      });
    },
    dropIntended: async (ids) => {
      inTransaction(() => {
        for (const id of ids) sql('DELETE FROM records WHERE id = ? AND confirmed = 0').run(id);
      });
    },
    listIntended: async () => sql('SELECT * FROM records WHERE confirmed = 0').all().map(toRecord),
    findRecord: async (id) => {
      const row = sql('SELECT * FROM records WHERE id = ? AND confirmed = 1').get(id);
      return row ? toRecord(row) : undefined;
    },
    countSession: async (sessionId) => {
      const rows = sql(
        'SELECT type, count(*) AS n, max(sequence) AS last FROM records WHERE session_id = ? AND confirmed = 1 GROUP BY type',
      ).all(sessionId);
      const counts = Object.fromEntries(rows.map((row) => [row.type as string, row.n as number]));
      const last = rows.reduce((max, row) => Math.max(max, row.last as number), -1);
      return { counts, nextSequence: last + 1 };
    },
    close: async () => db.close(),
  };
};
