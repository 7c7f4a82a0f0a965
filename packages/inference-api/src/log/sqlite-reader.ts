import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { ModelCount, StoredRecord } from './log.ts';
import type { LogReader, StoredHead } from './store.ts';

const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

export const databaseFile = (folder: string): string => join(folder, 'log.db');

export const tileKey = (level: number, index: number): number => level * 2 ** 44 + index;

const prepareStatements = (database: DatabaseSync) => ({
  head: database.prepare('SELECT size, root, note FROM head'),
  records: database.prepare('SELECT leaf, id, bytes FROM records WHERE leaf >= ? AND leaf < ? ORDER BY leaf'),
  tile: database.prepare('SELECT hashes FROM tiles WHERE key = ?'),
  tileRoots: database.prepare('SELECT root FROM tiles WHERE key >= ? AND key < ? ORDER BY key'),
  counts: database.prepare(
    'SELECT model, sum(count) AS count FROM model_counts WHERE size > ? AND size <= ? GROUP BY model ORDER BY model',
  ),
});

/** Reads a log's database over a connection of its own, beside the one that writes. */
export class SqliteReader implements LogReader {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof ReturnType<typeof prepareStatements>, StatementSync>;

  /** The database must exist: a writer makes it. */
  constructor(folder: string) {
    this.#database = new DatabaseSync(databaseFile(folder), { readOnly: true, timeout: 5_000 });
    this.#statements = prepareStatements(this.#database);
  }

  async readHead(): Promise<StoredHead | undefined> {
    const row = this.#statements.head.get();
    return row && { size: Number(row.size), root: row.root as Uint8Array, note: row.note as string };
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

  async close(): Promise<void> {
    this.#database.close();
  }
}
