import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startFleet } from './failover/fleet.ts';
import { get, post } from './support/http.ts';
import { createTestDatabase, postgresUrl, type TestDatabase } from './support/postgres.ts';
import { startProxy } from './support/proxy.ts';
import { sessionTerms } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi } from './support/world.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const KEYS = { log: { signingKey: '17'.repeat(32) }, keys: { masterKey: '29'.repeat(32) } };

/** What the operator reads who makes a key in this store. */
const createKey = (
  store: string,
  readers: { readonly isRead: boolean } = { isRead: true },
): Promise<{ code: unknown; stdout: string; stderr: string }> => {
  const env = {
    TESTIGO_STORE: store,
    TESTIGO_LOG__SIGNING_KEY: KEYS.log.signingKey,
    TESTIGO_KEYS__MASTER_KEY: KEYS.keys.masterKey,
    TESTIGO_REGISTRY__RPC_URL: 'http://127.0.0.1:1',
    TESTIGO_REGISTRY__ADDRESS: `0x${'1'.repeat(40)}`,
    TESTIGO_REGISTRY__CHAIN_ID: '1',
  };
  const args = [MAIN, 'create-key', '--name', 'desk', '--scopes', 'read'];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
    if (!readers.isRead) child.stdout?.destroy();
  });
};

it('a database that is not there is named, with what to do, and without the password', async () => {
  const { code, stdout, stderr } = await createKey('postgres://desk:secret@127.0.0.1:1/testigo');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/ECONNREFUSED 127\.0\.0\.1:1\. .*store setting.* \[store-unavailable\]\n$/);
  expect(stderr).not.toContain('secret');
});

describe.skipIf(postgresUrl === undefined)('a PostgreSQL store', { timeout: 60_000 }, () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await prepareGround();
  });
  afterAll(() => ground.stop());

  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
    return () => database.drop();
  });

  const execute = async (statement: string, url = database.url) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(statement)).rows as readonly Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };

  it('of another release is refused by name, and not touched', async () => {
    expect((await createKey(database.url)).code).toBe(0);
    await execute('UPDATE testigo.writer SET version = 2; DROP TABLE testigo.webhook_told');
    const { code, stdout, stderr } = await createKey(database.url);
    expect([code, stdout]).toEqual([1, '']);
    const name = new URL(database.url).pathname.slice(1);
    expect(stderr).toMatch(
      new RegExp(`database ${name} .*version 2,.*version 1\\. .*\\[store-version\\]\\n$`),
    );
    await expect(startTestApi(ground, { ...KEYS, store: database.url })).rejects.toMatchObject({
      code: 'store-version',
    });
    expect(await execute(`SELECT to_regclass('testigo.webhook_told') AS made`)).toEqual([{ made: null }]);
    await execute('UPDATE testigo.writer SET version = 1');
    expect((await createKey(database.url)).code).toBe(0);
  });

  it('keeps no key whose token nobody has', async () => {
    const { code, stderr } = await createKey(database.url, { isRead: false });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^testigo-api: the token .* revoked.*\n$/)]);
    const keys = await execute('SELECT revoked_at FROM testigo.api_keys');
    expect(keys).toEqual([{ revoked_at: expect.anything() }]);
  });

  it('that takes no writes is refused, whether its tables are there or not', async () => {
    const name = new URL(database.url).pathname.slice(1);
    const setReadOnly = (value: 'on' | 'off') =>
      execute(`ALTER DATABASE ${name} SET default_transaction_read_only = ${value}`, postgresUrl);
    await setReadOnly('on');
    const refusal = {
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/read-only.*\[store-unavailable\]\n$/),
    };
    expect(await createKey(database.url)).toEqual(refusal);
    await setReadOnly('off');
    expect((await createKey(database.url)).code).toBe(0);
    await setReadOnly('on');
    expect(await createKey(database.url)).toEqual(refusal);
  });

  it('that is cut off is answered store-unavailable, and used again once it is back', async () => {
    const url = new URL(database.url);
    const proxy = await startProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    const api = await startTestApi(ground, { ...KEYS, store: url.href, replica: { leaseMs: 500 } });
    onTestFinished(async () => {
      await api.discard();
      await proxy.cut();
    });
    expect((await post(`${api.url}/v1/sessions`, sessionTerms())).status).toBe(201);
    await proxy.cut();
    const cut = await get(`${api.url}/v1/sessions`);
    expect([cut.status, cut.body.code]).toEqual([503, 'store-unavailable']);
    // Hosts and ports are for the operator's log.
    expect(cut.body.detail).toBeUndefined();
    await proxy.reopen();
    await expect
      .poll(async () => (await post(`${api.url}/v1/sessions`, sessionTerms())).status, { timeout: 20_000 })
      .toBe(201);
  });

  it('has one writer: what waits for one that fell silent is told writer-lost, and happens once', async () => {
    const fleet = await startFleet(2, database.url, ground);
    onTestFinished(fleet.stop);
    const silent = await fleet.waitForWriter([]);
    const url = fleet.urls[1 - silent]!;
    const body = sessionTerms();
    const open = (call: string) => post(`${url}/v1/sessions`, body, { 'idempotency-key': call });
    // So that the other one knows where to pass it on.
    expect((await open('call-0')).status).toBe(201);
    fleet.pause(silent);
    const lost = await open('call-1');
    expect([lost.status, lost.body.code]).toEqual([503, 'writer-lost']);
    await fleet.waitForWriter([silent]);
    expect((await open('call-1')).status).toBe(201);
    // It goes on with what it had taken, in a term that is over.
    fleet.resume(silent);
    await expect
      .poll(async () => (await get(`${fleet.urls[silent]}/readyz`)).body.replica, { timeout: 20_000 })
      .toMatchObject({ role: 'reader' });
    expect((await get(`${url}/v1/sessions`)).body.sessions).toHaveLength(2);
    expect((await open('call-1')).headers.get('idempotent-replayed')).toBe('true');
  });
});
