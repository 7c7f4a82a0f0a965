import type { Pool, QueryResultRow } from 'pg';
import { toStoreError } from '../postgres/connect.ts';
import type { ModelCount, StoredRecord } from './log.ts';
import type { LogReader, StoredHead } from './store.ts';

/** Reads a log's tables; any number of processes may. */
export class PostgresReader implements LogReader {
  readonly #pool: Pool;

  /** The pool stays its owner's. */
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async readHead(): Promise<StoredHead | undefined> {
    const text = 'SELECT size, root, note FROM log_head';
    return (await this.#ask<StoredHead>('log-head', text))[0];
  }

  async readRecords(fromLeaf: number, toLeaf: number): Promise<readonly StoredRecord[]> {
    const text = `SELECT leaf AS "leafIndex", encode(id, 'hex') AS id, bytes FROM log_records
      WHERE leaf >= $1 AND leaf < $2 ORDER BY leaf`;
    return this.#ask<StoredRecord>('log-records', text, [fromLeaf, toLeaf]);
  }

  async readTile(level: number, index: number): Promise<Uint8Array | undefined> {
    const text = 'SELECT hashes FROM log_tiles WHERE level = $1 AND index = $2';
    return (await this.#ask<{ hashes: Uint8Array }>('log-tile', text, [level, index]))[0]?.hashes;
  }

  async readTileRoots(level: number, from: number, to: number): Promise<Uint8Array> {
    const text = 'SELECT root FROM log_tiles WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index';
    const rows = await this.#ask<{ root: Uint8Array }>('log-tile-roots', text, [level, from, to]);
    return Buffer.concat(rows.map(({ root }) => root));
  }

  async sumModelCounts(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    const text = `SELECT encode(model, 'hex') AS "modelVersion", sum(count)::bigint AS count FROM log_model_counts
      WHERE size > $1 AND size <= $2 GROUP BY model ORDER BY model`;
    return this.#ask<ModelCount>('log-counts', text, [fromSize, toSize]);
  }

  /** Leaf indexes of the ids that the log holds, by id. */
  async findLeaves(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    // The array is made first, once: each id is then one look into the index.
    const text = `SELECT encode(id, 'hex') AS id, leaf FROM log_records
      WHERE id = ANY (ARRAY (SELECT decode(hex, 'hex') FROM unnest($1::text[]) AS hex))`;
    const rows = await this.#ask<{ id: string; leaf: number }>('log-find', text, [[...new Set(ids)]]);
    return new Map(rows.map(({ id, leaf }) => [id, leaf]));
  }

  async close(): Promise<void> {}

  async #ask<T extends QueryResultRow>(name: string, text: string, values: unknown[] = []): Promise<T[]> {
    try {
      return (await this.#pool.query<T>({ name, text, values })).rows;
    } catch (error) {
      throw toStoreError(error);
    }
  }
}
