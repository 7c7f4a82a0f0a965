import type { Pool } from 'pg';
import type { Term } from '../cluster/term.ts';
import { ApiError } from '../errors.ts';
import { isConnectionError, toStoreError } from '../postgres/connect.ts';
import type { Database, Row, Statement, Value } from './database.ts';
import { WriteQueue } from './write-queue.ts';

const numbered = new Map<string, string>();

/** `?` as PostgreSQL writes it. None of our texts has a question mark of its own. */
const toNumbered = (text: string): string => {
  const known = numbered.get(text);
  if (known !== undefined) return known;
  let count = 0;
  const made = text.replace(/\?/g, () => `$${++count}`);
  numbered.set(text, made);
  return made;
};

const openReads = (pool: Pool): Pick<Database, 'get' | 'all'> => {
  const all = async (text: string, ...values: Value[]): Promise<Row[]> => {
    try {
      return (await pool.query<Row>(toNumbered(text), values)).rows;
    } catch (error) {
      throw toStoreError(error);
    }
  };
  return { all, get: async (text, ...values) => (await all(text, ...values))[0] };
};

const transact = async (
  pool: Pool,
  fence: Term | undefined,
  statements: readonly Statement[],
): Promise<readonly number[]> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    if (fence) {
      const text = 'SELECT epoch FROM writer WHERE epoch = $1 FOR KEY SHARE';
      const { rowCount } = await client.query(text, [fence.epoch]);
      if (rowCount !== 1) throw new ApiError('not-writer');
    }
    const changes: number[] = [];
    for (const [text, ...values] of statements) {
      changes.push((await client.query(toNumbered(text), values)).rowCount ?? 0);
    }
    await client.query('COMMIT');
    return changes;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
};

/** For readers: every write is refused with `not-writer`. The pool stays its owner's. */
export const openPostgresReads = (pool: Pool): Database => ({
  ...openReads(pool),
  write: async () => {
    throw new ApiError('not-writer');
  },
  forgetDeleted: async () => undefined,
  close: async () => undefined,
});

/** A database that can be told to take no more. */
export type TermDatabase = Database & {
  /** Refuses every write from now on, those that wait included. */
  seal(reason: unknown): void;
};

/**
 * For the writer of a term, whose every transaction is refused once the term is over; without one, for tools that
 * write what no writer decides on, such as the first API key. `onLost` hears of a write whose outcome is unknown.
 */
export const openPostgresDatabase = (
  pool: Pool,
  term: Term | undefined,
  onLost: (error: unknown) => void = () => undefined,
): TermDatabase => {
  let sealed: { readonly reason: unknown } | undefined;
  const queue = new WriteQueue(async (statements) => {
    if (sealed) throw sealed.reason;
    try {
      return await transact(pool, term, statements);
    } catch (error) {
      const told = toStoreError(error);
      // Whether it was committed is unknown: nothing more is written in this term, and the next one looks.
      if (isConnectionError(error)) {
        sealed ??= { reason: told };
        onLost(error);
      }
      throw told;
    }
  });
  return {
    ...openReads(pool),
    write: (...statements) => queue.add(statements),
    // The rows as they were before are dead, not gone, until the server cleans up. docs/scaling.md says what is left.
    forgetDeleted: async () => {
      await pool.query('VACUUM sessions, records, idempotency');
    },
    close: () => queue.drain(),
    seal: (reason) => {
      sealed ??= { reason };
    },
  };
};
