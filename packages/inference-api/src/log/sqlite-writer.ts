import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ApiError } from '../errors.ts';
import { openSqliteFile } from '../sqlite/open-file.ts';
import { IdIndex } from './id-index.ts';
import { databaseFile, tileKey } from './sqlite-reader.ts';
import type { Commit } from './store.ts';
import { WriterLock } from './writer-lock.ts';

// Records are addressed by leaf, and by id through `IdIndex`; a tile row is written once, when the tile is complete.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (leaf INTEGER PRIMARY KEY, id BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS tiles (key INTEGER PRIMARY KEY, root BLOB NOT NULL, hashes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS model_counts (
    size INTEGER NOT NULL, model BLOB NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (size, model)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS head (
    one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL
  ) STRICT;
`;

/** WAL with synchronous=FULL syncs the write-ahead log at every commit: what is acknowledged survives a power cut. */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -65536;
`;

export interface SqliteStoreOptions {
  /** Pages in the write-ahead log that make a commit copy them into the database. */
  readonly checkpointPages?: number;
  /** Record ids kept in memory before they are folded into the index. */
  readonly waitingIds?: number;
}

const prepareStatements = (database: DatabaseSync) => ({
  size: database.prepare('SELECT size FROM head'),
  setHead: database.prepare('INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)'),
  addRecord: database.prepare('INSERT INTO records VALUES (?, ?, ?)'),
  addTile: database.prepare('INSERT INTO tiles VALUES (?, ?, ?)'),
  addCount: database.prepare('INSERT INTO model_counts VALUES (?, ?, ?)'),
});

/** The one writer of a log's database; blocks its thread until the disk has what it writes. */
export class SqliteWriter {
  readonly #lock: WriterLock;
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof ReturnType<typeof prepareStatements>, StatementSync>;
  readonly #ids: IdIndex;
  #size: number;

  /** Creates folder and database where they are missing. @throws ApiError `log-locked`, `store-version`, `store-unavailable` */
  constructor(folder: string, { checkpointPages = 4_000, waitingIds }: SqliteStoreOptions = {}) {
    mkdirSync(folder, { recursive: true });
    this.#lock = new WriterLock(join(folder, 'writer.lock'));
    try {
      const setup = `${PRAGMAS} PRAGMA wal_autocheckpoint = ${checkpointPages}; ${SCHEMA}`;
      this.#database = openSqliteFile(databaseFile(folder), setup);
      this.#statements = prepareStatements(this.#database);
      this.#ids = new IdIndex(this.#database, waitingIds);
      this.#size = Number(this.#statements.size.get()?.size ?? 0);
    } catch (cause) {
      this.#lock.release();
      throw cause;
    }
  }

  findLeaves(ids: readonly string[]): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const id of ids) {
      const leaf = this.#ids.find(id);
      if (leaf !== undefined) found.set(id, leaf);
    }
    return found;
  }

  commit(commit: Commit): void {
    if (commit.firstLeaf !== this.#size) {
      const detail = `A commit at leaf ${commit.firstLeaf} does not extend ${this.#size} leaves.`;
      throw new ApiError('log-corrupt', detail);
    }
    this.#database.exec('BEGIN IMMEDIATE');
    let afterCommit: () => void;
    try {
      this.#write(commit);
      afterCommit = this.#ids.add(commit.records, commit.firstLeaf);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    afterCommit();
    this.#size = commit.head.size;
  }

  close(): void {
    this.#database.close();
    this.#lock.release();
  }

  #write({ firstLeaf, records, completedTiles, modelCounts, head }: Commit): void {
    const { addRecord, addTile, addCount, setHead } = this.#statements;
    records.forEach(({ id, bytes }, at) => {
      addRecord.run(firstLeaf + at, Buffer.from(id, 'hex'), bytes);
    });
    for (const { level, index, root, hashes } of completedTiles)
      addTile.run(tileKey(level, index), root, hashes);
    for (const { size, modelVersion, count } of modelCounts)
      addCount.run(size, Buffer.from(modelVersion, 'hex'), count);
    setHead.run(head.size, head.root, head.note);
  }
}
