import type { Client, Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqlOutbox } from '../src/anchoring/sql-outbox.ts';
import { applicationNameOf, beat, disconnect, readWriter, type Term, takeTerm } from '../src/cluster/term.ts';
import { openLog } from '../src/log/open-log.ts';
import { PostgresStore } from '../src/log/postgres-store.ts';
import { makeRecord, makeRecords, TEST_IDENTITY } from '../src/log/testing.ts';
import { createClient, createPool } from '../src/postgres/connect.ts';
import { prepareSchema } from '../src/postgres/schema.ts';
import { openPostgresDatabase } from '../src/state/postgres-database.ts';
import { createTestDatabase, postgresUrl, type TestDatabase } from './support/postgres.ts';

const connectAs = (database: TestDatabase, replica: string) => ({
  url: database.url,
  applicationName: applicationNameOf(replica),
});

describe.skipIf(postgresUrl === undefined)('the fence between two terms', { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let pool: Pool;
  let clients: Client[];
  const stand = async (replica: string): Promise<Client> => {
    const client = createClient(connectAs(database, replica));
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    return client;
  };
  beforeEach(async () => {
    database = await createTestDatabase();
    pool = createPool(connectAs(database, 'writes'), { max: 4 });
    clients = [];
    await prepareSchema(pool);
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await pool.end();
    await database.drop();
  });

  /** The old writer is alive, its connections for writing work, and another replica has taken over. */
  const depose = async (): Promise<{
    readonly old: Term;
    readonly next: Term;
    readonly oldClient: Client;
  }> => {
    const oldClient = await stand('old');
    const nextClient = await stand('next');
    const old = (await takeTerm(oldClient, 'old'))!;
    expect(await takeTerm(nextClient, 'next')).toBeUndefined();
    await disconnect(nextClient, 'old');
    let next: Term | undefined;
    await expect.poll(async () => (next = await takeTerm(nextClient, 'next'))).toBeDefined();
    return { old, next: next!, oldClient };
  };

  it('lets a writer of an earlier term write nothing: not the log, not the state, not the outbox', async () => {
    const { old, next, oldClient } = await depose();
    expect(next.epoch).toBe(old.epoch + 1);
    const store = new PostgresStore(pool, next);
    const log = await openLog({ ...TEST_IDENTITY, store, options: { batchDelayMs: 0 } });
    await log.appendAll(makeRecords(3));
    const head = (await store.readHead())!;

    const stale = new PostgresStore(pool, old);
    const [record] = makeRecords(1);
    const commit = { firstLeaf: 3, records: [record!], completedTiles: [], modelCounts: [] };
    await expect(stale.commit({ ...commit, head: { ...head, size: 4 } })).rejects.toMatchObject({
      code: 'not-writer',
    });
    expect(await store.readHead()).toEqual(head);
    expect((await store.findLeaves([record!.id])).size).toBe(0);

    const db = openPostgresDatabase(pool, old);
    await expect(
      db.write(['INSERT INTO owed_records VALUES (?, ?)', 'x', Uint8Array.of(1)]),
    ).rejects.toMatchObject({ code: 'not-writer' });
    expect(await db.all('SELECT id FROM owed_records')).toEqual([]);
    const outbox = new SqlOutbox(db, log.logId);
    const anchor = { logId: log.logId, size: 3, root: 'ab', note: '', queuedAtMs: 1 };
    await expect(outbox.save({ ...anchor, state: 'queued' })).rejects.toMatchObject({ code: 'not-writer' });
    expect(await outbox.listUnsettled()).toEqual([]);

    await expect(beat(oldClient, old, 'http://old')).rejects.toThrow();
    expect(await readWriter(clients[1]!, 60_000)).toMatchObject({
      epoch: next.epoch,
      holder: 'next',
      url: '',
    });
    expect((await log.append(makeRecord())).leafIndex).toBe(3);
    await log.close();
  });

  it('makes a take-over wait for what is being committed, and counts it', async () => {
    const client = await stand('next');
    const busy = await pool.connect();
    await busy.query('BEGIN');
    await busy.query('SELECT epoch FROM writer WHERE epoch = 0 FOR KEY SHARE');
    let taken: Term | undefined;
    const taking = takeTerm(client, 'next').then((term) => (taken = term));
    // The heartbeat touches no key: it must not wait for commits.
    expect(await beat(await stand('old'), { epoch: 0 }, 'http://old')).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toBeUndefined();
    await busy.query('COMMIT');
    busy.release();
    await taking;
    expect(taken).toEqual({ epoch: 1 });
  });

  it('settles a commit whose connection broke by sending it again', async () => {
    const term = (await takeTerm(await stand('old'), 'old'))!;
    const store = new PostgresStore(pool, term);
    const log = await openLog({ ...TEST_IDENTITY, store, options: { batchDelayMs: 0 } });
    const killer = await stand('killer');
    const records = makeRecords(40);
    let isDone = false;
    let kills = 0;
    const kill = async (): Promise<void> => {
      while (!isDone) {
        await disconnect(killer, 'writes');
        kills += 1;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      }
    };
    const killing = kill();
    for (const [at, record] of records.entries()) expect((await log.append(record)).leafIndex).toBe(at);
    isDone = true;
    await killing;
    expect(kills).toBeGreaterThan(5);
    const stored = await store.readRecords(0, records.length + 1);
    expect(stored.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    await log.close();
  });

  it('takes a commit that had happened for done, and one that does not extend the log for corrupt', async () => {
    const term = (await takeTerm(await stand('old'), 'old'))!;
    const store = new PostgresStore(pool, term);
    const log = await openLog({ ...TEST_IDENTITY, store, options: { batchDelayMs: 0 } });
    const [record] = makeRecords(1);
    await log.append(record!);
    const head = (await store.readHead())!;
    const commit = { firstLeaf: 0, records: [record!], completedTiles: [], modelCounts: [], head };
    await store.commit(commit);
    expect(await store.readHead()).toEqual(head);
    await expect(store.commit({ ...commit, records: makeRecords(1) })).rejects.toMatchObject({
      code: 'log-corrupt',
    });
    await log.close();
  });
});
