import { DatabaseSync } from 'node:sqlite';
import { ApiError } from '../errors.ts';

/** Of the tables in our files. A new file says 0, and so do those from before they said it: their tables are the same. */
const VERSION = 1;

const BUSY = 5;

/** PERM, BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB: what a file is to blame for, not a statement. */
const UNUSABLE: ReadonlySet<number> = new Set([3, BUSY, 6, 8, 10, 11, 13, 14, 26]);

/** The primary result code, which is the low byte of the extended one (sqlite.org/rescode.html). */
const resultOf = (error: unknown): number | undefined => {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined;
};

export const isBusy = (error: unknown): boolean => resultOf(error) === BUSY;

/** What a caller is told of a failed statement: the library's own words stay in `cause`. */
export const toStoreError = (error: unknown): unknown =>
  UNUSABLE.has(resultOf(error) ?? 0) ? new ApiError('store-unavailable', undefined, { cause: error }) : error;

/** For who starts the service: which file, and what is wrong with it. */
export const unusableFile = (file: string, cause: unknown): ApiError =>
  new ApiError('store-unavailable', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });

const readVersion = (database: DatabaseSync, file: string): number => {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version !== 0 && version !== VERSION)
    throw new ApiError(
      'store-version',
      `The tables of ${file} are of version ${version}, and this release knows version ${VERSION}`,
    );
  return version;
};

/**
 * Opens one of our SQLite files, made where it is missing; `setup` is its pragmas and schema.
 * @throws ApiError store-version, store-unavailable
 */
export const openSqliteFile = (file: string, setup: string): DatabaseSync => {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    // Before the schema is so much as completed: what another release made is not ours to change.
    const version = readVersion(database, file);
    database.exec(setup);
    if (version !== VERSION) database.exec(`PRAGMA user_version = ${VERSION}`);
    return database;
  } catch (cause) {
    database?.close();
    throw cause instanceof ApiError ? cause : unusableFile(file, cause);
  }
};
