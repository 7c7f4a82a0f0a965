import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

export type Row = Record<string, unknown>;

/** One SQLite file with prepared statements kept by their text. */
export type Database = {
  run(text: string, ...values: SQLInputValue[]): number;
  get(text: string, ...values: SQLInputValue[]): Row | undefined;
  all(text: string, ...values: SQLInputValue[]): Row[];
  inTransaction<T>(work: () => T): T;
  /** Joins the transaction that all callers of this turn share; resolves once it is committed. */
  inSharedTransaction(work: () => void): Promise<void>;
  close(): void;
};

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, deployer TEXT NOT NULL, terms TEXT NOT NULL, opened_at INTEGER NOT NULL,
    closed_at INTEGER, erased_at INTEGER, wrapped_key BLOB
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS sessions_by_time ON sessions (opened_at, id);
  CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, session_id TEXT NOT NULL, sequence INTEGER NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0, sealed_payload BLOB, UNIQUE (session_id, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_intended ON records (id) WHERE confirmed = 0;
  CREATE TABLE IF NOT EXISTS holds (
    id TEXT PRIMARY KEY, session_id TEXT NOT NULL, authority TEXT NOT NULL, placed_at INTEGER NOT NULL, released_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS holds_by_session ON holds (session_id);
  CREATE TABLE IF NOT EXISTS owed_records (id TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS api_keys (
    id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL, deployer TEXT,
    created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS idempotency (
    principal TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, started_at INTEGER NOT NULL,
    session_id TEXT, sealed_reply BLOB, PRIMARY KEY (principal, key)
  ) STRICT, WITHOUT ROWID;
`;

/** A killed process loses nothing in WAL mode; secure_delete makes erasure reach the file's free pages. */
const PRAGMAS =
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;';

export const openDatabase = (file: string): Database => {
  const db = new DatabaseSync(file);
  db.exec(PRAGMAS + SCHEMA);
  const prepared = new Map<string, StatementSync>();
  const prepare = (text: string): StatementSync => {
    const statement = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  const inTransaction = <T>(work: () => T): T => {
    prepare('BEGIN IMMEDIATE').run();
    try {
      const result = work();
      prepare('COMMIT').run();
      return result;
    } catch (error) {
      prepare('ROLLBACK').run();
      throw error;
    }
  };
  type Waiting = {
    readonly work: () => void;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  };
  let waiting: Waiting[] = [];
  const commitWaiting = (): void => {
    const batch = waiting;
    waiting = [];
    try {
      inTransaction(() => {
        for (const { work } of batch) work();
      });
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // One bad write must not fail its neighbours: each gets a transaction of its own.
      const alone = batch.length > 1 ? batch : [];
      if (batch.length === 1) batch[0]!.reject(error);
      for (const one of alone) {
        try {
          inTransaction(one.work);
          one.resolve();
        } catch (failure) {
          one.reject(failure);
        }
      }
    }
  };
  return {
    inTransaction,
    inSharedTransaction: (work) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(commitWaiting);
        waiting.push({ work, resolve, reject });
      }),
    run: (text, ...values) => Number(prepare(text).run(...values).changes),
    get: (text, ...values) => prepare(text).get(...values),
    all: (text, ...values) => prepare(text).all(...values),
    close: () => {
      if (waiting.length > 0) commitWaiting();
      // What erasure removed must leave the write-ahead log too.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
};
