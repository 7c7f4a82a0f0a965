import type { ClientBase } from 'pg';

/** A time in which one replica, and no other, may write. */
export type Term = {
  /** Grows with every take-over; each write names it, and the database refuses all but the newest. */
  readonly epoch: number;
};

/** Who writes, as the database tells it. */
export type Writer = {
  readonly epoch: number;
  /** The replica's id; empty before the first term. */
  readonly holder: string;
  /** Where it takes requests; empty while it is getting ready. */
  readonly url: string;
  /** It said so within the lease. */
  readonly isAlive: boolean;
};

/** Arbitrary, one a database: the server gives it to one connection, and takes it back when that ends. */
const WRITER_LOCK = 7_301_649;

export const applicationNameOf = (replicaId: string): string => `testigo-${replicaId}`;

export const readWriter = async (client: ClientBase, leaseMs: number): Promise<Writer> => {
  const text = `SELECT epoch, holder, url, beat > clock_timestamp() - $1 * interval '1 ms' AS alive FROM writer`;
  const row = (await client.query(text, [leaseMs])).rows[0] as Record<string, unknown>;
  return {
    epoch: row.epoch as number,
    holder: row.holder as string,
    url: row.url as string,
    isAlive: row.alive === true,
  };
};

/**
 * Becomes the writer if nobody is. The lock says that the predecessor is gone or cut off; the raised epoch is what
 * makes sure of it, since a process that was only paused still believes in its own.
 */
export const takeTerm = async (client: ClientBase, replicaId: string): Promise<Term | undefined> => {
  const locked = await client.query('SELECT pg_try_advisory_lock($1) AS ok', [WRITER_LOCK]);
  if ((locked.rows[0] as { ok: boolean }).ok !== true) return undefined;
  // Waits for writes of the old epoch that are being committed; those that come later find theirs gone.
  const raised = await client.query(
    `UPDATE writer SET epoch = epoch + 1, holder = $1, url = '', beat = clock_timestamp() RETURNING epoch`,
    [replicaId],
  );
  return { epoch: (raised.rows[0] as { epoch: number }).epoch };
};

/** The heartbeat; false once another replica took over. */
export const beat = async (client: ClientBase, { epoch }: Term, url: string): Promise<boolean> => {
  const text = 'UPDATE writer SET beat = clock_timestamp(), url = $2 WHERE epoch = $1';
  return (await client.query(text, [epoch, url])).rowCount === 1;
};

export const leaveTerm = async (client: ClientBase, { epoch }: Term): Promise<void> => {
  await client.query(`UPDATE writer SET url = '', beat = '-infinity' WHERE epoch = $1`, [epoch]);
  await client.query('SELECT pg_advisory_unlock($1)', [WRITER_LOCK]);
};

/** Cuts off a writer that holds the lock and says nothing: paused, hung or behind a broken network. */
export const disconnect = async (client: ClientBase, holder: string): Promise<void> => {
  await client.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
    [applicationNameOf(holder)],
  );
};
