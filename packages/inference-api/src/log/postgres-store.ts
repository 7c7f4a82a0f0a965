import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Term } from '../cluster/term.ts';
import { ApiError } from '../errors.ts';
import { isConnectionError } from '../postgres/connect.ts';
import type { StoredRecord } from './log.ts';
import { PostgresReader } from './postgres-reader.ts';
import type { Commit, LogStore } from './store.ts';

// One statement, so one round trip and no transaction that waits for a client. `fence` finds its row only while the
// epoch is the newest, and keeps it so until the commit; `moved` finds the head only at the size that this commit
// extends. Where either finds nothing, nothing at all is written.
const COMMIT = `
  WITH fence AS (SELECT epoch FROM writer WHERE epoch = $1 FOR KEY SHARE),
  moved AS (
    INSERT INTO log_head SELECT 1, $3, $4, $5 FROM fence WHERE $2 = 0 OR EXISTS (SELECT 1 FROM log_head)
    ON CONFLICT (one) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note
      WHERE log_head.size = $2
    RETURNING 1
  ),
  added AS (
    INSERT INTO log_records
    SELECT $2 + at - 1, substring($6::bytea FROM ((at - 1) * 16 + 1)::int FOR 16),
      substring($7::bytea FROM start + 1 FOR length)
    FROM moved, unnest($8::int[], $9::int[]) WITH ORDINALITY AS piece (start, length, at)
  ),
  tiled AS (
    INSERT INTO log_tiles
    SELECT level, index, substring($10::bytea FROM ((at - 1) * 32 + 1)::int FOR 32),
      substring($11::bytea FROM ((at - 1) * 8192 + 1)::int FOR 8192)
    FROM moved, unnest($12::int[], $13::bigint[]) WITH ORDINALITY AS tile (level, index, at)
  ),
  counted AS (
    INSERT INTO log_model_counts
    SELECT size, decode(model, 'hex'), count
    FROM moved, unnest($14::bigint[], $15::text[], $16::bigint[]) AS counted (size, model, count)
  )
  SELECT 1 FROM moved`;

const startsOf = (lengths: readonly number[]): number[] => {
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return start - length;
  });
};

const pack = (
  epoch: number,
  { firstLeaf, records, completedTiles, modelCounts, head }: Commit,
): unknown[] => {
  const lengths = records.map(({ bytes }) => bytes.length);
  return [
    ...[epoch, firstLeaf, head.size, Buffer.from(head.root), head.note],
    Buffer.from(records.map(({ id }) => id).join(''), 'hex'),
    Buffer.concat(records.map(({ bytes }) => bytes)),
    ...[startsOf(lengths), lengths],
    Buffer.concat(completedTiles.map(({ root }) => root)),
    Buffer.concat(completedTiles.map(({ hashes }) => hashes)),
    ...[completedTiles.map(({ level }) => level), completedTiles.map(({ index }) => index)],
    modelCounts.map(({ size }) => size),
    ...[modelCounts.map(({ modelVersion }) => modelVersion), modelCounts.map(({ count }) => count)],
  ];
};

const RETRY_MS = 100;
const closedError = () => new ApiError('log-unavailable', 'The log is closed.');

/**
 * The log in PostgreSQL, written in one term. Its writes name the term's epoch, so that they fail once another
 * replica took over, whatever this process believes.
 */
export class PostgresStore extends PostgresReader implements LogStore {
  readonly #pool: Pool;
  readonly #term: Term;
  readonly #onFailure: (error: unknown) => void;
  #isClosed = false;
  readonly #waiting = new Set<() => void>();

  /** `onFailure` hears of what failed for good: the log takes no more after it. */
  constructor(pool: Pool, term: Term, onFailure: (error: unknown) => void = () => undefined) {
    super(pool);
    this.#pool = pool;
    this.#term = term;
    this.#onFailure = onFailure;
  }

  commit(commit: Commit): Promise<void> {
    return this.#orFail(this.#commitOnce(commit));
  }

  /** Also across a broken connection: a batch must not fail for want of a look at what is there. */
  override findLeaves(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#orFail(this.#untilAnswered(() => super.findLeaves(ids)));
  }

  override readRecords(fromLeaf: number, toLeaf: number): Promise<readonly StoredRecord[]> {
    return this.#orFail(this.#untilAnswered(() => super.readRecords(fromLeaf, toLeaf)));
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    for (const giveUp of this.#waiting) giveUp();
  }

  /**
   * A commit whose connection broke may or may not have happened, and may still happen. Only the same commit again
   * settles that: one of the two finds the head where it wants it. So it goes on until the server says.
   * @throws ApiError `not-writer`, `log-corrupt`, `log-unavailable` where the store was closed meanwhile
   */
  async #commitOnce(commit: Commit): Promise<void> {
    const query = { name: 'log-commit', text: COMMIT, values: pack(this.#term.epoch, commit) };
    const { rowCount } = await this.#untilAnswered(() => this.#pool.query(query));
    if (rowCount === 1 || (await this.#untilAnswered(() => this.#holds(commit)))) return;
    throw await this.#untilAnswered(() => this.#explain(commit));
  }

  async #orFail<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
  }

  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    while (!this.#isClosed && !this.#pool.ending) {
      try {
        return await this.#orClosed(ask());
      } catch (error) {
        if (!isConnectionError(error)) throw error;
      }
      await sleep(RETRY_MS);
    }
    throw closedError();
  }

  #orClosed<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(closedError());
      this.#waiting.add(giveUp);
      work.then(resolve, reject).finally(() => this.#waiting.delete(giveUp));
    });
  }

  /** Whether an earlier attempt at this commit went through. */
  async #holds({ firstLeaf, records, head }: Commit): Promise<boolean> {
    const [first] = records;
    if (!first) return (await this.readHead())?.note === head.note;
    return (await super.findLeaves([first.id])).get(first.id) === firstLeaf;
  }

  async #explain({ firstLeaf }: Commit): Promise<ApiError> {
    const { rows } = await this.#pool.query<{ epoch: number }>('SELECT epoch FROM writer');
    if (rows[0]?.epoch !== this.#term.epoch) return new ApiError('not-writer');
    const size = (await this.readHead())?.size ?? 0;
    return new ApiError('log-corrupt', `A commit at leaf ${firstLeaf} does not extend ${size} leaves.`);
  }
}
