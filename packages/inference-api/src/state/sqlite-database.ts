import type { StatementSync } from 'node:sqlite';
import { openSqliteFile, toStoreError } from '../sqlite/open-file.ts';
import { type Database, SQLITE, type Statement } from './database.ts';
import { stateSchema } from './state-schema.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * Opens one SQLite file, with prepared statements kept by their text. `setup` is its pragmas and schema.
 * @throws ApiError store-version, store-unavailable
 */
export const openSqliteDatabase = (file: string, setup: string): Database => {
  const db = openSqliteFile(file, setup);
  const prepared = new Map<string, StatementSync>();
  const prepare = (text: string): StatementSync => {
    const statement = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  const commit = async (statements: readonly Statement[]): Promise<readonly number[]> => {
    try {
      prepare('BEGIN IMMEDIATE').run();
      const changes = statements.map(([text, ...values]) => Number(prepare(text).run(...values).changes));
      prepare('COMMIT').run();
      return changes;
    } catch (error) {
      if (db.isTransaction) prepare('ROLLBACK').run();
      throw toStoreError(error);
    }
  };
  const read = async <T>(query: () => T): Promise<T> => {
    try {
      return query();
    } catch (error) {
      throw toStoreError(error);
    }
  };
  const queue = new WriteQueue(commit);
  const forgetDeleted = async (): Promise<void> => {
    const checkpoint = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    if (checkpoint?.busy !== 0)
      throw new Error('Somebody reads the database file: what was deleted is still in its journal.');
  };
  return {
    get: (text, ...values) => read(() => prepare(text).get(...values)),
    all: (text, ...values) => read(() => prepare(text).all(...values)),
    write: (...statements) => queue.add(statements),
    forgetDeleted,
    close: async () => {
      await queue.drain();
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
};

/** A killed process loses nothing in WAL mode; secure_delete makes erasure reach the file's free pages. */
const STATE_PRAGMAS =
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;';

/** The service's state in one file. */
export const openSqliteState = (file: string): Database =>
  openSqliteDatabase(file, STATE_PRAGMAS + stateSchema(SQLITE));
