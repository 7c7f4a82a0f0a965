import { DatabaseSync } from 'node:sqlite';
import { ApiError } from '../errors.ts';
import { isBusy, unusableFile } from '../sqlite/open-file.ts';

/**
 * One writer for a log, across processes and threads. The lock is an open exclusive transaction on a database of its
 * own: SQLite holds it as an OS file lock, so it goes away with its process however that ends, and there is no
 * stale lock file to judge. The log's own database stays readable to others.
 */
export class WriterLock {
  readonly #database: DatabaseSync;

  /** @throws ApiError `log-locked`, `store-unavailable` */
  constructor(path: string) {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
      this.#database = database;
    } catch (cause) {
      database?.close();
      if (!isBusy(cause)) throw unusableFile(path, cause);
      throw new ApiError('log-locked', `Another process is writing the log: ${path} is locked.`, { cause });
    }
  }

  release(): void {
    this.#database.close();
  }
}
