import type { Dialect } from './database.ts';

/** Sessions, sealed payloads, holds, API keys, kept replies, webhooks and their queue. */
export const stateSchema = ({ integer, bytes, table }: Dialect): string => `
  CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, deployer TEXT NOT NULL, terms TEXT NOT NULL, opened_at ${integer} NOT NULL,
    closed_at ${integer}, erased_at ${integer}, wrapped_key ${bytes}
  ) ${table};
  CREATE INDEX IF NOT EXISTS sessions_by_time ON sessions (opened_at, id);
  CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, session_id TEXT NOT NULL, sequence ${integer} NOT NULL,
    confirmed ${integer} NOT NULL DEFAULT 0, sealed_payload ${bytes}, UNIQUE (session_id, sequence)
  ) ${table};
  CREATE INDEX IF NOT EXISTS records_intended ON records (id) WHERE confirmed = 0;
  CREATE TABLE IF NOT EXISTS holds (
    id TEXT PRIMARY KEY, session_id TEXT NOT NULL, authority TEXT NOT NULL, placed_at ${integer} NOT NULL,
    released_at ${integer}
  ) ${table};
  CREATE INDEX IF NOT EXISTS holds_by_session ON holds (session_id);
  CREATE TABLE IF NOT EXISTS owed_records (id TEXT PRIMARY KEY, bytes ${bytes} NOT NULL) ${table};
  CREATE TABLE IF NOT EXISTS api_keys (
    id TEXT PRIMARY KEY, secret_hash ${bytes} NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL, deployer TEXT,
    created_at ${integer} NOT NULL, expires_at ${integer}, revoked_at ${integer}
  ) ${table};
  CREATE TABLE IF NOT EXISTS idempotency (
    principal TEXT NOT NULL, key TEXT NOT NULL, request ${bytes} NOT NULL, started_at ${integer} NOT NULL,
    session_id TEXT, sealed_reply ${bytes}, PRIMARY KEY (principal, key)
  ) ${table};
  CREATE TABLE IF NOT EXISTS webhook_endpoints (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, events TEXT NOT NULL, deployer TEXT, sealed_secret ${bytes} NOT NULL,
    sealed_previous ${bytes}, previous_until ${integer}, created_at ${integer} NOT NULL, disabled_at ${integer}
  ) ${table};
  CREATE TABLE IF NOT EXISTS webhook_deliveries (
    endpoint_id TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
    attempts ${integer} NOT NULL, created_at ${integer} NOT NULL, due_at ${integer} NOT NULL, last_at ${integer},
    last_outcome TEXT, PRIMARY KEY (endpoint_id, event_id)
  ) ${table};
  CREATE INDEX IF NOT EXISTS webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at)
    WHERE state = 'waiting';
  CREATE INDEX IF NOT EXISTS webhook_deliveries_by_time ON webhook_deliveries (endpoint_id, created_at, event_id);
  CREATE TABLE IF NOT EXISTS webhook_told (one ${integer} PRIMARY KEY CHECK (one = 1), told TEXT NOT NULL) ${table};
`;
