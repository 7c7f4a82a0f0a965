import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A PostgreSQL server where these tests may make databases; scripts/with-postgres.mjs starts one. */
export const postgresUrl = process.env.POSTGRES_TEST_URL;

if (postgresUrl === undefined)
  console.info('POSTGRES_TEST_URL is not set: the tests on a PostgreSQL server did not run.');

const execute = async (statement: string): Promise<void> => {
  const client = new Client({ connectionString: postgresUrl! });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

export type TestDatabase = { readonly url: string; drop(): Promise<void> };

/** An empty database of its own. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const name = `testigo_${randomBytes(6).toString('hex')}`;
  await execute(`CREATE DATABASE ${name}`);
  const url = new URL(postgresUrl!);
  url.pathname = name;
  return { url: url.href, drop: () => execute(`DROP DATABASE ${name} WITH (FORCE)`) };
};
