import type { ClientBase, Pool, PoolClient } from 'pg';
import { outboxSchema } from '../anchoring/sql-outbox.ts';
import { ApiError } from '../errors.ts';
import { modelArchiveSchema } from '../records/model-archive.ts';
import type { Dialect } from '../state/database.ts';
import { stateSchema } from '../state/state-schema.ts';
import { SCHEMA } from './connect.ts';

export const POSTGRES: Dialect = {
  integer: 'BIGINT',
  bytes: 'BYTEA',
  table: '',
  rowid: 'rowid BIGINT GENERATED ALWAYS AS IDENTITY,',
};

/** Of the tables; a service refuses tables of another one. */
const VERSION = 1;

// Compression would only cost time: hashes and ciphertexts do not shrink, and records are short.
const LOG_TABLES = `
  CREATE TABLE IF NOT EXISTS log_records (leaf BIGINT PRIMARY KEY, id BYTEA NOT NULL UNIQUE, bytes BYTEA NOT NULL);
  CREATE TABLE IF NOT EXISTS log_tiles (
    level INTEGER NOT NULL, index BIGINT NOT NULL, root BYTEA NOT NULL, hashes BYTEA NOT NULL,
    PRIMARY KEY (level, index)
  );
  CREATE TABLE IF NOT EXISTS log_model_counts (
    size BIGINT NOT NULL, model BYTEA NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (size, model)
  );
  CREATE TABLE IF NOT EXISTS log_head (
    one INTEGER PRIMARY KEY CHECK (one = 1), size BIGINT NOT NULL, root BYTEA NOT NULL, note TEXT NOT NULL
  );
  ALTER TABLE log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
`;

// One row. The epoch is a key column on purpose: a write that holds FOR KEY SHARE on it stops whoever raises the epoch
// until it is committed, and does not stop the heartbeat, which touches no key.
const WRITER_TABLE = `
  CREATE TABLE IF NOT EXISTS writer (
    epoch BIGINT PRIMARY KEY, holder TEXT NOT NULL, url TEXT NOT NULL, beat TIMESTAMPTZ NOT NULL,
    version INTEGER NOT NULL
  );
  INSERT INTO writer SELECT 0, '', '', '-infinity', ${VERSION} WHERE NOT EXISTS (SELECT 1 FROM writer);
`;

/** Arbitrary: replicas that start together make the tables one after another. */
const SCHEMA_LOCK = 7_301_648;

const TABLES = [
  LOG_TABLES,
  stateSchema(POSTGRES),
  outboxSchema(POSTGRES),
  modelArchiveSchema(POSTGRES),
  WRITER_TABLE,
].join('\n');

const checkVersion = async (client: ClientBase): Promise<void> => {
  const found = await client.query<{ exists: boolean; name: string }>(
    `SELECT to_regclass('${SCHEMA}.writer') IS NOT NULL AS exists, current_database() AS name`,
  );
  const { exists, name } = found.rows[0]!;
  if (!exists) return;
  const version = (await client.query<{ version: number }>('SELECT version FROM writer')).rows[0]?.version;
  if (version !== VERSION)
    throw new ApiError(
      'store-version',
      `The tables of the database ${name} are of version ${version}, and this release knows version ${VERSION}`,
    );
};

/** Makes what is missing. @throws ApiError store-version where another release made the tables, store-unavailable */
export const prepareSchema = async (pool: Pool): Promise<void> => {
  let client: PoolClient | undefined;
  try {
    client = await pool.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    // Before any table is made: what another release made is not ours to change.
    await checkVersion(client);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}; ${TABLES}`);
    await client.query('COMMIT');
    client.release();
  } catch (cause) {
    // With its connection the transaction ends.
    client?.release(true);
    throw cause instanceof ApiError ? cause : new ApiError('store-unavailable', undefined, { cause });
  }
};
