import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { WriterLock } from '../log/writer-lock.ts';
import { SQLITE } from '../state/database.ts';
import { openSqliteDatabase } from '../state/sqlite-database.ts';
import { outboxSchema, SqlOutbox } from './sql-outbox.ts';

const PRAGMAS = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;';

/** The outbox in one SQLite database, `anchors.db`, with one writer. */
export class SqliteOutbox extends SqlOutbox {
  readonly #lock: WriterLock;

  /** @throws ApiError `log-locked` where another process anchors from this folder, `store-version`, `store-unavailable` */
  constructor(folder: string, logId: string) {
    mkdirSync(folder, { recursive: true });
    const lock = new WriterLock(join(folder, 'anchors.lock'));
    try {
      super(openSqliteDatabase(join(folder, 'anchors.db'), PRAGMAS + outboxSchema(SQLITE)), logId);
    } catch (error) {
      lock.release();
      throw error;
    }
    this.#lock = lock;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#lock.release();
  }
}
