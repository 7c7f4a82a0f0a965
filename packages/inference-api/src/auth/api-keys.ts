import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../errors.ts';
import type { Database, Row } from '../state/database.ts';
import { optional } from '../state/nullable.ts';
import { SCOPES, type Scope } from './principal.ts';

export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The key sees this deployer's sessions only; all of them if absent. */
  readonly deployer?: string;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number;
  readonly revokedAtMs?: number;
};

export type NewKey = Pick<ApiKey, 'name' | 'scopes'> & {
  readonly deployer?: string | undefined;
  readonly expiresAtMs?: number | undefined;
};

export type ApiKeys = {
  /** The token is shown once: only its hash is kept. */
  create(key: NewKey): Promise<{ readonly key: ApiKey; readonly token: string }>;
  verify(token: string): Promise<ApiKey | undefined>;
  /** Of one deployer, or all. */
  list(deployer?: string): Promise<readonly ApiKey[]>;
  /** @throws ApiError key-unknown, also for a key of another deployer than the given one */
  revoke(id: string, deployer?: string): Promise<void>;
};

// The prefix lets secret scanners find a leaked key; the id finds the row without comparing secrets.
const TOKEN = /^testigo_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

// A plain hash is enough for 256 random bits: there is nothing to guess that a slow one would protect.
const hashSecret = (secret: string): Buffer =>
  createHash('sha256').update(`testigo/api-key/v1/${secret}`).digest();

const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

const toKey = (row: Row): ApiKey => ({
  id: row.id as string,
  name: row.name as string,
  scopes: (row.scopes as string).split(' ').filter(isScope),
  ...optional('deployer', row.deployer, String),
  createdAtMs: row.created_at as number,
  ...optional('expiresAtMs', row.expires_at, Number),
  ...optional('revokedAtMs', row.revoked_at, Number),
});

export const createApiKeys = (db: Database, now: () => number): ApiKeys => ({
  create: async ({ name, scopes, deployer, expiresAtMs }) => {
    const id = randomBytes(8).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    await db.write([
      'INSERT INTO api_keys (id, secret_hash, name, scopes, deployer, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      hashSecret(secret),
      name,
      scopes.join(' '),
      deployer ?? null,
      now(),
      expiresAtMs ?? null,
    ]);
    return {
      key: toKey((await db.get('SELECT * FROM api_keys WHERE id = ?', id))!),
      token: `testigo_${id}_${secret}`,
    };
  },
  verify: async (token) => {
    const [, id = '', secret = ''] = TOKEN.exec(token) ?? [];
    const row = await db.get('SELECT * FROM api_keys WHERE id = ?', id);
    if (!row || !timingSafeEqual(row.secret_hash as Uint8Array, hashSecret(secret))) return undefined;
    const key = toKey(row);
    const isLive =
      key.revokedAtMs === undefined && (key.expiresAtMs === undefined || key.expiresAtMs > now());
    return isLive ? key : undefined;
  },
  list: async (deployer) =>
    (await db.all('SELECT * FROM api_keys ORDER BY created_at, id'))
      .map(toKey)
      .filter((key) => deployer === undefined || key.deployer === deployer),
  revoke: async (id, deployer) => {
    const [changes] = await db.write([
      `UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?)
       WHERE id = ? AND coalesce(deployer, '') = coalesce(?, deployer, '')`,
      now(),
      id,
      deployer ?? null,
    ]);
    if (changes === 0) throw new ApiError('key-unknown');
  },
});
