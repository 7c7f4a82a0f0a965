import { Client, type ClientConfig, Pool, type PoolConfig, types } from 'pg';
import { ApiError } from '../errors.ts';

export type PostgresOptions = {
  readonly url: string;
  /** Names this process to the server: what a successor disconnects when it takes over. */
  readonly applicationName: string;
};

const BIGINT = 20;

/** Everything stored in 64 bits here stays below 2^53: sizes, sequence numbers, milliseconds. */
const readNumbers = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === BIGINT ? Number : types.getTypeParser(oid, format as 'text')) as typeof types.getTypeParser,
};

export const SCHEMA = 'testigo';

const CONNECT_TIMEOUT_MS = 3_000;

/**
 * A commit that was answered must be on disk, whatever the server's default says; and a process that stops in the
 * middle of a transaction must not keep its locks.
 */
const SETTINGS = [
  `search_path=${SCHEMA}`,
  'synchronous_commit=on',
  'idle_in_transaction_session_timeout=2000',
  'tcp_keepalives_idle=2',
  'tcp_keepalives_interval=1',
  'tcp_keepalives_count=3',
];

const configOf = ({ url, applicationName }: PostgresOptions): ClientConfig => ({
  connectionString: url,
  application_name: applicationName,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  options: SETTINGS.map((setting) => `-c ${setting}`).join(' '),
  types: readNumbers,
});

/** One connection, not opened yet. */
export const createClient = (options: PostgresOptions): Client => new Client(configOf(options));

export const createPool = (
  options: PostgresOptions,
  pool: Pick<PoolConfig, 'max' | 'idleTimeoutMillis'>,
): Pool => {
  const created = new Pool({ ...configOf(options), ...pool });
  // The next query over a broken connection fails and the pool replaces it; without listeners Node would end. The
  // pool's own is for connections at rest, the other for those between two statements of a transaction.
  created.on('error', () => undefined);
  created.on('connect', (client) => client.on('error', () => undefined));
  return created;
};

// PostgreSQL, appendix A: class 08 is about connections, 57P01 to 57P05 are a server that goes away, comes up
// or ends a session, and 25P03 is one that ended for being idle in a transaction.
const CONNECTION_STATE = /^(08...|57P0[1-5]|25P03)$/;
const SQL_STATE = /^[0-9A-Z]{5}$/;

/** Whether nobody knows if the statement was executed: the connection broke, rather than the server refusing it. */
export const isConnectionError = (error: unknown): boolean => {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (typeof code === 'string' && SQL_STATE.test(code)) return CONNECTION_STATE.test(code);
  if (error instanceof ApiError) return error.code === 'store-unavailable';
  return error instanceof Error;
};

// 25006 is a standby, or a server that was set to take no writes; class 53 is a lack of disk, memory or connections.
const UNUSABLE_STATE = /^(25006|53...)$/;

/** What a caller is told of a failed query: the server's own words stay in `cause`. */
export const toStoreError = (error: unknown): unknown => {
  if (error instanceof ApiError) return error;
  const isUnusable = UNUSABLE_STATE.test(String((error as { readonly code?: unknown } | undefined)?.code));
  return isUnusable || isConnectionError(error)
    ? new ApiError('store-unavailable', undefined, { cause: error })
    : error;
};
