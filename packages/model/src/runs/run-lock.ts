import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { replaceFile } from '../durable-file.ts';
import { ModelError } from '../errors.ts';

const LOCK = 'run.lock';
/** Who has the lock, for the message alone: it outlives a kill, the lock does not. */
const HOLDER = 'run.lock.json';
const SQLITE_BUSY = 5;

const describeHolder = (path: string): string => {
  try {
    const { pid, since } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; since: string };
    return `process ${pid} has been training there since ${since}`;
  } catch {
    return 'another process is training there'; // it has the lock and has not yet said who it is
  }
};

/**
 * One process trains in a run folder. The lock is an open exclusive transaction on an empty SQLite file, so a lock of the
 * operating system: it goes with its process however that ends, and no stale one is ever to be judged. The file stays: to
 * remove it would free its name while another process opens it.
 */
export class RunLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Makes the folder where there is none. @throws ModelError run-locked */
  static take(folder: string): RunLock {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, LOCK);
    closeSync(openSync(path, 'a')); // says what the system has against it, which SQLite does not
    const database = new DatabaseSync(path, { timeout: 0 });
    const holder = join(folder, HOLDER);
    try {
      database.exec('BEGIN EXCLUSIVE');
      replaceFile(holder, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`);
    } catch (cause) {
      database.close();
      if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause;
      throw new ModelError('run-locked', { path: folder, seen: describeHolder(holder) }, { cause });
    }
    return new RunLock(database);
  }

  release(): void {
    this.#database.close();
  }
}
