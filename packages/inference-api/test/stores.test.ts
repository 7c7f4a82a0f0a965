import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { get, post } from './support/http.ts';
import { openTestSession, sessionTerms } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi } from './support/world.ts';

const FILES = ['state.sqlite', 'log/log.db', 'outbox/anchors.db'];

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround();
});
afterAll(() => ground.stop());

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'testigo-stores-'));
  return () => rmSync(dataDir, { recursive: true, force: true });
});

const inFile = <T>(file: string, use: (database: DatabaseSync) => T): T => {
  const database = new DatabaseSync(join(dataDir, file));
  try {
    return use(database);
  } finally {
    database.close();
  }
};
const setVersion = (file: string, version: number): void =>
  inFile(file, (database) => database.exec(`PRAGMA user_version = ${version}`));
const readVersion = (file: string): unknown =>
  inFile(file, (database) => database.prepare('PRAGMA user_version').get()?.user_version);

/** What the start of the service is refused with. */
const startRefused = () =>
  startTestApi(ground, { dataDir }).then(
    async (api) => {
      await api.close();
      throw new Error('it started');
    },
    (error: unknown) => error,
  );

describe('files of another release', () => {
  it.each(FILES)('are refused by name, and not touched: %s', async (file) => {
    await (await startTestApi(ground, { dataDir })).close();
    for (const version of [2, -1]) {
      setVersion(file, version);
      inFile(file, (database) => database.exec('CREATE TABLE IF NOT EXISTS theirs (one INTEGER)'));
      const before = readFileSync(join(dataDir, file));
      const error = await startRefused();
      expect(error).toMatchObject({ code: 'store-version', httpStatus: 500 });
      expect((error as Error).message).toContain(join(dataDir, file));
      expect((error as Error).message).toContain(`version ${version}`);
      expect(readFileSync(join(dataDir, file)).equals(before)).toBe(true);
    }
    setVersion(file, 1);
    await (await startTestApi(ground, { dataDir })).close();
  });

  it('are taken where they are from before files said their version', async () => {
    const first = await startTestApi(ground, { dataDir });
    const sessionId = await openTestSession(first.url);
    await first.close();
    for (const file of FILES) setVersion(file, 0);
    const second = await startTestApi(ground, { dataDir });
    expect((await get(`${second.url}/v1/sessions/${sessionId}`)).status).toBe(200);
    await second.close();
    expect(FILES.map(readVersion)).toEqual([1, 1, 1]);
  });
});

describe('files that cannot be used', () => {
  it.each([...FILES, 'log/writer.lock', 'outbox/anchors.lock'])(
    'are named, whatever is wrong with them: %s',
    async (file) => {
      mkdirSync(join(dataDir, file), { recursive: true });
      const folder = await startRefused();
      rmSync(join(dataDir, file), { recursive: true });
      writeFileSync(join(dataDir, file), 'not a database, and longer than the head of one '.repeat(40));
      const garbage = await startRefused();
      for (const error of [folder, garbage]) {
        expect(error).toMatchObject({ code: 'store-unavailable' });
        expect((error as Error).message).toContain(join(dataDir, file));
      }
    },
  );

  it('are told on the command line with what to do, and the code', () => {
    writeFileSync(
      join(dataDir, 'state.sqlite'),
      'not a database, and longer than the head of one '.repeat(40),
    );
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [main, 'create-key', '--name', 'desk', '--scopes', 'read'],
      {
        encoding: 'utf8',
        env: {
          TESTIGO_DATA_DIR: dataDir,
          TESTIGO_REGISTRY__RPC_URL: 'http://127.0.0.1:1',
          TESTIGO_REGISTRY__ADDRESS: `0x${'1'.repeat(40)}`,
          TESTIGO_REGISTRY__CHAIN_ID: '1',
        },
      },
    );
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`testigo-api: ${join(dataDir, 'state.sqlite')}: file is not a database. `);
    expect(stderr).toMatch(/data folder.* \[store-unavailable\]\n$/);
  });
});

describe('a store that somebody else holds', { timeout: 30_000 }, () => {
  it('is answered store-unavailable, nothing recorded, until it is free again', async () => {
    // Webhooks would wait for the file as well, and the service with them.
    const api = await startTestApi(ground, { dataDir, webhooks: { pollMs: 60_000 } });
    const holder = new DatabaseSync(join(dataDir, 'state.sqlite'));
    holder.exec('BEGIN IMMEDIATE');
    const checkpoint = async () => (await get(`${api.url}/checkpoint`)).body.text;
    const before = await checkpoint();
    const refused = await post(`${api.url}/v1/sessions`, sessionTerms());
    expect([refused.status, refused.body.code]).toEqual([503, 'store-unavailable']);
    // Paths and the library's words are for the operator's log.
    expect(refused.body.detail).toBeUndefined();
    expect(await checkpoint()).toBe(before);
    holder.exec('ROLLBACK');
    holder.close();
    expect((await post(`${api.url}/v1/sessions`, sessionTerms())).status).toBe(201);
    await api.close();
  });
});
