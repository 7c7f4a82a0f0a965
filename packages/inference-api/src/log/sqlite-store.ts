import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { fromHex, toHex } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import { IdIndex } from './id-index.ts';
import type { ModelCount, StoredRecord } from './log.ts';
import type { Commit, LogStore, StoredHead } from './store.ts';
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

const tileKey = (level: number, index: number): number => level * 2 ** 44 + index;

const prepareStatements = (database: DatabaseSync) => ({
  head: database.prepare('SELECT size, root, note FROM head'),
  setHead: database.prepare('INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)'),
  addRecord: database.prepare('INSERT INTO records VALUES (?, ?, ?)'),
  addTile: database.prepare('INSERT INTO tiles VALUES (?, ?, ?)'),
  addCount: database.prepare('INSERT INTO model_counts VALUES (?, ?, ?)'),
  records: database.prepare('SELECT leaf, id, bytes FROM records WHERE leaf >= ? AND leaf < ? ORDER BY leaf'),
  tile: database.prepare('SELECT hashes FROM tiles WHERE key = ?'),
  tileRoots: database.prepare('SELECT root FROM tiles WHERE key >= ? AND key < ? ORDER BY key'),
  counts: database.prepare(
    'SELECT model, sum(count) AS count FROM model_counts WHERE size > ? AND size <= ? GROUP BY model ORDER BY model',
  ),
});

/** The log in one SQLite database, `log.db`, under a folder of its own. */
export class SqliteStore implements LogStore {
  readonly #lock: WriterLock;
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof ReturnType<typeof prepareStatements>, StatementSync>;
  readonly #ids: IdIndex;
  #size: number;

  /** Creates the folder where it is missing. @throws ApiError `log-locked` */
  constructor(folder: string, { checkpointPages = 4_000, waitingIds }: SqliteStoreOptions = {}) {
    mkdirSync(folder, { recursive: true });
    this.#lock = new WriterLock(join(folder, 'writer.lock'));
    try {
      this.#database = new DatabaseSync(join(folder, 'log.db'));
      this.#database.exec(`${PRAGMAS} PRAGMA wal_autocheckpoint = ${checkpointPages}; ${SCHEMA}`);
      this.#statements = prepareStatements(this.#database);
      this.#ids = new IdIndex(this.#database, waitingIds);
      this.#size = Number(this.#statements.head.get()?.size ?? 0);
    } catch (cause) {
      this.#lock.release();
      throw cause;
    }
  }

  async readHead(): Promise<StoredHead | undefined> {
    const row = this.#statements.head.get();
    return row && { size: Number(row.size), root: row.root as Uint8Array, note: row.note as string };
  }

  async findLeaves(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (const id of ids) {
      const leaf = this.#ids.find(id);
      if (leaf !== undefined) found.set(id, leaf);
    }
    return found;
  }

  async readRecords(fromLeaf: number, toLeaf: number): Promise<readonly StoredRecord[]> {
    return this.#statements.records.all(fromLeaf, toLeaf).map((row) => ({
      id: toHex(row.id as Uint8Array),
      leafIndex: Number(row.leaf),
      bytes: row.bytes as Uint8Array,
    }));
  }

  async readTile(level: number, index: number): Promise<Uint8Array | undefined> {
    return this.#statements.tile.get(tileKey(level, index))?.hashes as Uint8Array | undefined;
  }

  async readTileRoots(level: number, from: number, to: number): Promise<Uint8Array> {
    const rows = this.#statements.tileRoots.all(tileKey(level, from), tileKey(level, to));
    return Buffer.concat(rows.map((row) => row.root as Uint8Array));
  }

  async sumModelCounts(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    return this.#statements.counts
      .all(fromSize, toSize)
      .map((row) => ({ modelVersion: toHex(row.model as Uint8Array), count: Number(row.count) }));
  }

  async commit(commit: Commit): Promise<void> {
    if (commit.firstLeaf !== this.#size) {
      throw new ApiError(
        'log-corrupt',
        `A commit at leaf ${commit.firstLeaf} does not extend ${this.#size} leaves.`,
      );
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

  #write({ firstLeaf, records, completedTiles, modelCounts, head }: Commit): void {
    const { addRecord, addTile, addCount, setHead } = this.#statements;
    records.forEach((record, at) => {
      addRecord.run(firstLeaf + at, Buffer.from(record.id, 'hex'), record.bytes);
    });
    for (const tile of completedTiles)
      addTile.run(tileKey(tile.level, tile.index), tile.root(), tile.hashes());
    for (const { modelVersion, count } of modelCounts)
      addCount.run(head.size, fromHex(modelVersion, 32), count);
    setHead.run(head.size, head.root, head.note);
  }

  async close(): Promise<void> {
    this.#database.close();
    this.#lock.release();
  }
}
