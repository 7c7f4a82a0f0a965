import { createPool, toStoreError } from '../postgres/connect.ts';
import { prepareSchema } from '../postgres/schema.ts';
import type { Database } from './database.ts';
import { openPostgresDatabase } from './postgres-database.ts';

/** Opens the tables for a tool that writes what no writer decides on, such as the first API key. */
export const withPostgresState = async <T>(url: string, use: (db: Database) => Promise<T>): Promise<T> => {
  const pool = createPool({ url, applicationName: 'testigo-tool' }, { max: 1 });
  try {
    await prepareSchema(pool);
    return await use(openPostgresDatabase(pool, undefined));
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await pool.end();
  }
};
