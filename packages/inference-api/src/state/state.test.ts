import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, postgresUrl } from '../../test/support/postgres.ts';
import type { Anchor, SignedTransaction } from '../anchoring/anchor.ts';
import { outboxSchema, SqlOutbox } from '../anchoring/sql-outbox.ts';
import { createApiKeys } from '../auth/api-keys.ts';
import { ApiError } from '../errors.ts';
import { createIdempotency } from '../http/idempotency.ts';
import { makeFolder } from '../log/testing.ts';
import { createPool } from '../postgres/connect.ts';
import { prepareSchema } from '../postgres/schema.ts';
import { createSqlWebhooks } from '../webhooks/sql-webhooks.ts';
import { type Database, SQLITE } from './database.ts';
import { openPostgresDatabase } from './postgres-database.ts';
import { createSqlState } from './sql-state.ts';
import { openSqliteDatabase } from './sqlite-database.ts';
import { stateSchema } from './state-schema.ts';

type Place = { readonly db: Database; remove(): Promise<void> };

const inFile = async (): Promise<Place> => {
  const folder = makeFolder();
  const db = openSqliteDatabase(`${folder.path}/state.db`, stateSchema(SQLITE) + outboxSchema(SQLITE));
  return {
    db,
    remove: async () => {
      await db.close();
      folder.remove();
    },
  };
};

const inPostgres = async (): Promise<Place> => {
  const database = await createTestDatabase();
  const pool = createPool({ url: database.url, applicationName: 'testigo-test' }, { max: 4 });
  await prepareSchema(pool);
  return {
    db: openPostgresDatabase(pool, undefined),
    remove: async () => {
      await pool.end();
      await database.drop();
    },
  };
};

const places = [
  { name: 'SQLite', make: inFile, isHere: true },
  { name: 'PostgreSQL', make: inPostgres, isHere: postgresUrl !== undefined },
];

const terms = {
  purpose: 'fraud-detection',
  legalBasis: 'consent',
  deployer: 'bank',
  notice: 'notice-1',
  noticeShownAtMs: 0,
  subjectRole: 'customer',
  roles: ['customer'],
} as const;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each(places)('the tables in $name', ({ make, isHere }) => {
  if (!isHere) return it.skip('needs a server in POSTGRES_TEST_URL');
  let place: Place;
  beforeEach(async () => {
    place = await make();
  });
  afterEach(() => place.remove());

  it('keep sessions in order of opening, pages and deployers apart', async () => {
    const state = createSqlState(place.db);
    const openedAtMs = 1_764_000_000_000;
    for (const [id, deployer, at] of [
      ['b', 'bank', 1],
      ['a', 'bank', 1],
      ['c', 'shop', 0],
    ] as const)
      await state.insertSession({
        id,
        terms: { ...terms, deployer },
        openedAtMs: openedAtMs + at,
        wrappedKey: bytes(1, 2),
      });
    const ids = async (query: Parameters<typeof state.listSessions>[0]) =>
      (await state.listSessions(query)).map(({ id }) => id);
    expect(await ids({ limit: 9 })).toEqual(['c', 'a', 'b']);
    expect(await ids({ deployer: 'bank', limit: 1 })).toEqual(['a']);
    expect(await ids({ after: { openedAtMs: openedAtMs + 1, id: 'a' }, limit: 9 })).toEqual(['b']);
    await state.markClosed('a', openedAtMs + 5);
    await state.markClosed('a', openedAtMs + 9);
    const { wrappedKey, ...session } = (await state.findSession('a'))!;
    expect(session).toEqual({ id: 'a', terms, openedAtMs: openedAtMs + 1, closedAtMs: openedAtMs + 5 });
    expect([...wrappedKey!]).toEqual([1, 2]);
    expect((await state.listExpired(openedAtMs + 6, 9)).map(({ id }) => id)).toEqual(['a']);
    const close = { id: 'r', type: 'SESSION_CLOSE', sessionId: 'c', sequence: 1 };
    await state.intendRecords([close]);
    await state.closeRecorded(openedAtMs + 7);
    expect((await state.findSession('c'))?.closedAtMs).toBeUndefined();
    await state.confirmRecords(['r']);
    await state.closeRecorded(openedAtMs + 8);
    expect((await state.findSession('c'))?.closedAtMs).toBe(openedAtMs + 8);
    expect((await state.findSession('b'))?.closedAtMs).toBeUndefined();
    await state.dropSession('a');
    expect(await state.findSession('a')).toBeUndefined();
  });

  it('count what is confirmed only, and refuse a place twice without failing its neighbours', async () => {
    const state = createSqlState(place.db);
    const row = (id: string, sequence: number) => ({ id, type: 'DETECTION', sessionId: 's', sequence });
    const settled = await Promise.allSettled([
      state.intendRecords([row('r0', 0), row('r1', 1)]),
      state.intendRecords([row('r2', 2), row('twice', 1)]),
      state.intendRecords([{ ...row('r3', 3), sealedPayload: bytes(7) }]),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await state.listIntended()).map(({ id }) => id).sort()).toEqual(['r0', 'r1', 'r3']);
    expect(await state.countSession('s')).toEqual({ counts: {}, nextSequence: 0 });
    await state.confirmRecords(['r0', 'r1']);
    await state.confirmRecords([]);
    await state.dropIntended(['r1', 'r3']);
    expect(await state.countSession('s')).toEqual({ counts: { DETECTION: 2 }, nextSequence: 2 });
    expect((await state.listRecords('s', 0, 9)).map(({ id }) => id)).toEqual(['r1']);
    expect(await state.findRecord('r3')).toBeUndefined();
  });

  it('destroy a subject and owe its record, all or nothing; hold what is held', async () => {
    const state = createSqlState(place.db);
    await state.insertSession({ id: 's', terms, openedAtMs: 1, wrappedKey: bytes(1) });
    await state.markClosed('s', 2);
    await state.intendRecords([
      { id: 'r', type: 'DETECTION', sessionId: 's', sequence: 0, sealedPayload: bytes(9) },
    ]);
    await state.confirmRecords(['r']);
    await state.insertHold({ id: 'h', sessionId: 's', authority: 'court', placedAtMs: 3 });
    expect(await state.listExpired(9, 9)).toEqual([]);
    await state.releaseHold('h', 4);
    expect(await state.listHolds('s')).toEqual([
      { id: 'h', sessionId: 's', authority: 'court', placedAtMs: 3, releasedAtMs: 4 },
    ]);
    await state.destroySubject('s', 5, { id: 'owed', bytes: bytes(1, 2, 3) });
    expect(await state.findSession('s')).toEqual({
      id: 's',
      terms,
      openedAtMs: 1,
      closedAtMs: 2,
      erasedAtMs: 5,
    });
    expect(await state.findRecord('r')).toEqual({ id: 'r', type: 'DETECTION', sessionId: 's', sequence: 0 });
    await expect(state.destroySubject('s', 6, { id: 'owed', bytes: bytes() })).rejects.toThrow();
    expect((await state.findSession('s'))?.erasedAtMs).toBe(5);
    expect((await state.listOwed()).map(({ id, bytes }) => [id, ...bytes])).toEqual([['owed', 1, 2, 3]]);
    await state.settleOwed('owed');
    expect(await state.listOwed()).toEqual([]);
  });

  it('give one caller an idempotent request, and the others its answer', async () => {
    const idempotency = createIdempotency(place.db, new Uint8Array(32), Date.now);
    const call = { principal: 'p', key: 'k', request: 'POST /' };
    let runs = 0;
    const work = async () => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { status: 201, body: { sessionId: 's' } };
    };
    const both = await Promise.allSettled([idempotency.run(call, work), idempotency.run(call, work)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await idempotency.run(call, work)).body).toEqual({ sessionId: 's' });
    expect(runs).toBe(1);
    const other = idempotency.run({ ...call, request: 'POST /other' }, work);
    await expect(other).rejects.toMatchObject({ code: 'idempotency-mismatch' });
  });

  it('keep no answer about a subject who was erased while it was made', async () => {
    const state = createSqlState(place.db);
    const idempotency = createIdempotency(place.db, new Uint8Array(32), Date.now);
    await state.insertSession({ id: 's', terms, openedAtMs: 1, wrappedKey: bytes(1) });
    const call = { principal: 'p', key: 'k', request: 'POST /' };
    const reply = { status: 201, body: { sessionId: 's', label: 'happy' } };
    await idempotency.run(call, async () => {
      await state.destroySubject('s', 5, { id: 'owed', bytes: bytes() });
      return reply;
    });
    expect(await place.db.all('SELECT * FROM idempotency')).toEqual([]);
    const again = idempotency.run(call, () => Promise.reject(new ApiError('subject-erased')));
    await expect(again).rejects.toMatchObject({ code: 'subject-erased' });
  });

  it('keep keys by their hash, and end them', async () => {
    const keys = createApiKeys(place.db, () => 1_764_000_000_000);
    const { key, token } = await keys.create({ name: 'desk', scopes: ['read', 'detect'], deployer: 'bank' });
    expect(await keys.verify(token)).toEqual(key);
    expect(await keys.verify(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined();
    await keys.revoke(key.id);
    expect(await keys.verify(token)).toBeUndefined();
    await expect(keys.revoke('0'.repeat(16))).rejects.toMatchObject({ code: 'key-unknown' });
  });

  it('follow an anchor from the queue to its block, the newest signature last', async () => {
    const outbox = new SqlOutbox(place.db, 'log');
    const anchor = (size: number, state: Anchor['state']): Anchor => ({
      ...{ logId: 'log', size, root: 'ab', note: 'note', state, queuedAtMs: 1 },
    });
    const transaction = (hash: string, fee: bigint): SignedTransaction => ({
      ...{ hash, nonce: 7, raw: '0x', signedAtMs: 3 },
      ...{ maxFeePerGas: fee, maxPriorityFeePerGas: 1n },
    });
    await outbox.save(anchor(3, 'queued'));
    await outbox.save(anchor(5, 'queued'));
    await outbox.dropQueuedBelow(5);
    for (const [hash, fee] of [
      ['0xb', 10n],
      ['0xa', 2n ** 70n],
      ['0xb', 10n],
    ] as const)
      await outbox.saveSigned({ ...anchor(5, 'signed'), nonce: 7 }, transaction(hash, fee));
    await outbox.markSent('0xb', 4);
    expect(await outbox.listUnsettled()).toEqual([{ ...anchor(5, 'signed'), nonce: 7 }]);
    expect((await outbox.listTransactionsOf(anchor(5, 'signed'))).map(({ hash }) => hash)).toEqual([
      '0xa',
      '0xb',
    ]);
    expect(await outbox.listTransactionsByNonce(7)).toEqual([
      transaction('0xa', 2n ** 70n),
      { ...transaction('0xb', 10n), sentAtMs: 4 },
    ]);
    expect(await outbox.findCovering(4)).toBeUndefined();
    const mined = { ...anchor(5, 'mined'), transactionHash: '0xb', blockNumber: 9, blockHash: '0xc' };
    await outbox.save(mined);
    expect([await outbox.findCovering(4), await outbox.findLatest()]).toEqual([mined, mined]);
    expect(await outbox.findCovering(5)).toBeUndefined();
    expect(await outbox.find(3)).toBeUndefined();
  });

  it('keep as many webhook endpoints as they may, of one deployer, of none and in all', async () => {
    const store = createSqlWebhooks(place.db);
    const most = { maxEndpoints: 5, maxEndpointsPerTenant: 2 };
    const add = (id: string, deployer?: string) =>
      store.insertEndpoint(
        {
          id,
          url: 'https://a.example',
          events: ['session.closed'],
          ...(deployer === undefined ? {} : { deployer }),
          sealedSecret: bytes(1),
          createdAtMs: 1,
        },
        most,
      );
    const ofA = await Promise.all(['a1', 'a2', 'a3', 'a4'].map((id) => add(id, 'bank-a')));
    expect(ofA.filter(Boolean)).toHaveLength(2);
    const ofNone = await Promise.all(['n1', 'n2', 'n3'].map((id) => add(id)));
    expect(ofNone.filter(Boolean)).toHaveLength(2);
    expect([await add('b1', 'bank-b'), await add('b2', 'bank-b')]).toEqual([true, false]);
    expect(await store.listEndpoints()).toHaveLength(5);
    await store.deleteEndpoint((await store.listEndpoints()).find((row) => row.deployer === 'bank-a')!.id);
    expect([await add('a5', 'bank-a'), await add('a6', 'bank-a')]).toEqual([true, false]);
  });

  it('queue what webhooks are owed', async () => {
    const store = createSqlWebhooks(place.db);
    const endpoint = {
      id: 'e',
      url: 'https://a.example',
      events: ['session.closed'],
      sealedSecret: bytes(1),
      createdAtMs: 1,
    } as const;
    const most = { maxEndpoints: 2, maxEndpointsPerTenant: 1 };
    expect(await store.insertEndpoint(endpoint, most)).toBe(true);
    await store.replaceSecret('e', bytes(2), { sealedSecret: bytes(1), untilMs: 9 });
    const delivery = {
      endpointId: 'e',
      eventId: 'v',
      type: 'session.closed',
      body: '{}',
      state: 'waiting',
      attempts: 0,
      createdAtMs: 2,
      dueAtMs: 2,
    } as const;
    await store.enqueue([delivery], { leaves: 4 });
    await expect(store.enqueue([delivery], { leaves: 5 })).rejects.toThrow();
    expect(await store.readTold()).toEqual({ leaves: 4 });
    expect(plain(await store.listDue('e', 2, 9))).toEqual([delivery]);
    await store.settle({
      endpointId: 'e',
      eventId: 'v',
      state: 'dead',
      attempts: 1,
      dueAtMs: 2,
      lastAtMs: 3,
      lastOutcome: 'status-503',
    });
    expect(await store.countDeliveries()).toMatchObject({ waiting: 0, dead: 1 });
    expect(await store.requeue('e', 'v', 5)).toBe(true);
    expect(await store.requeue('e', 'none', 5)).toBe(false);
    expect(
      await store.listDeliveries({
        endpointId: 'e',
        state: 'waiting',
        after: { createdAtMs: 1, eventId: '' },
        limit: 9,
      }),
    ).toHaveLength(1);
    await store.disableEndpoint('e', 6);
    await store.forgetSettledBefore(99);
    expect((await store.listEndpoints()).map(({ disabledAtMs }) => disabledAtMs)).toEqual([6]);
    await store.deleteEndpoint('e');
    expect(await store.findEndpoint('e')).toBeUndefined();
  });
});
