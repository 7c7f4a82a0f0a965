import type { Pool } from 'pg';
import { applicationNameOf, leaveTerm, type Term, takeTerm } from '../../src/cluster/term.ts';
import { ApiError } from '../../src/errors.ts';
import { PostgresStore } from '../../src/log/postgres-store.ts';
import { createClient, createPool } from '../../src/postgres/connect.ts';
import { prepareSchema } from '../../src/postgres/schema.ts';

class SoleStore extends PostgresStore {
  readonly #leave: () => Promise<void>;

  constructor(pool: Pool, term: Term, leave: () => Promise<void>) {
    super(pool, term);
    this.#leave = leave;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#leave();
  }
}

/** A store that takes a term of its own for as long as it is open. @throws ApiError `log-locked` where another writes */
export const openSoleStore = async (url: string): Promise<PostgresStore> => {
  const options = { url, applicationName: applicationNameOf('test') };
  const pool = createPool(options, { max: 4 });
  await prepareSchema(pool);
  const client = createClient(options);
  await client.connect();
  const term = await takeTerm(client, 'test');
  const leave = async () => {
    if (term) await leaveTerm(client, term);
    await client.end();
    await pool.end();
  };
  if (term) return new SoleStore(pool, term, leave);
  await leave();
  throw new ApiError('log-locked');
};
