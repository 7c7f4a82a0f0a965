import type { Pool } from 'pg';
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
    return (await this.#pool.query<StoredHead>({ name: 'log-head', text })).rows[0];
  }

  async readRecords(fromLeaf: number, toLeaf: number): Promise<readonly StoredRecord[]> {
    const text = `SELECT leaf AS "leafIndex", encode(id, 'hex') AS id, bytes FROM log_records
      WHERE leaf >= $1 AND leaf < $2 ORDER BY leaf`;
    const values = [fromLeaf, toLeaf];
    return (await this.#pool.query<StoredRecord>({ name: 'log-records', text, values })).rows;
  }

  async readTile(level: number, index: number): Promise<Uint8Array | undefined> {
    const text = 'SELECT hashes FROM log_tiles WHERE level = $1 AND index = $2';
    const values = [level, index];
    const { rows } = await this.#pool.query<{ hashes: Uint8Array }>({ name: 'log-tile', text, values });
    return rows[0]?.hashes;
  }

  async readTileRoots(level: number, from: number, to: number): Promise<Uint8Array> {
    const text = 'SELECT root FROM log_tiles WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index';
    const values = [level, from, to];
    const { rows } = await this.#pool.query<{ root: Uint8Array }>({ name: 'log-tile-roots', text, values });
    return Buffer.concat(rows.map(({ root }) => root));
  }

  async sumModelCounts(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    const text = `SELECT encode(model, 'hex') AS "modelVersion", sum(count)::bigint AS count FROM log_model_counts
      WHERE size > $1 AND size <= $2 GROUP BY model ORDER BY model`;
    const values = [fromSize, toSize];
    return (await this.#pool.query<ModelCount>({ name: 'log-counts', text, values })).rows;
  }

  /** Leaf indexes of the ids that the log holds, by id. */
  async findLeaves(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    // The array is made first, once: each id is then one look into the index.
    const text = `SELECT encode(id, 'hex') AS id, leaf FROM log_records
      WHERE id = ANY (ARRAY (SELECT decode(hex, 'hex') FROM unnest($1::text[]) AS hex))`;
    const values = [[...new Set(ids)]];
    const { rows } = await this.#pool.query<{ id: string; leaf: number }>({ name: 'log-find', text, values });
    return new Map(rows.map(({ id, leaf }) => [id, leaf]));
  }

  async close(): Promise<void> {}
}
