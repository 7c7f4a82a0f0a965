import { randomBytes } from 'node:crypto';
import { deriveSalt, encodeRecord, utf8 } from '@testigo/trail';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TransparencyLog } from '../src/log/log.ts';
import { openLog } from '../src/log/open-log.ts';
import { SqliteStore } from '../src/log/sqlite-store.ts';
import { makeFolder, makeRecord, newId, TEST_IDENTITY } from '../src/log/testing.ts';
import { createLocalKeyWrapper } from '../src/privacy/key-wrapper.ts';
import { listFiles, type Secret, scanForResidue } from '../src/privacy/residual-scan.ts';
import { createLedger } from '../src/records/ledger.ts';
import type { Database } from '../src/state/database.ts';
import { createSqlState } from '../src/state/sql-state.ts';
import { openSqliteState } from '../src/state/sqlite-database.ts';
import type { StateStore } from '../src/state/state-store.ts';
import { payloadKeyOf, seal } from '../src/vault/seal.ts';
import { createSubjectKeys } from '../src/vault/subject-keys.ts';
import { checkLog } from './crash/check-log.ts';

const SESSIONS = 60;
const RECORDS = 4;
const terms = {
  purpose: 'fraud-detection',
  legalBasis: 'consent',
  deployer: 'bank',
  notice: 'notice-1',
  noticeShownAtMs: 0,
  subjectRole: 'customer',
  roles: ['customer'],
} as const;

let folder: ReturnType<typeof makeFolder>;
let log: TransparencyLog;
let database: Database;
let state: StateStore;
beforeEach(async () => {
  folder = makeFolder();
  log = await openLog({
    ...TEST_IDENTITY,
    store: await SqliteStore.open(`${folder.path}/log`),
    options: { batchDelayMs: 0 },
  });
  database = openSqliteState(`${folder.path}/state.sqlite`);
  state = createSqlState(database);
});
afterEach(async () => {
  await database.close();
  await log.close();
  folder.remove();
});

const keys = createSubjectKeys(createLocalKeyWrapper(new Uint8Array(32).fill(9)));

/** One call session with records and sealed payloads; returns everything that must not outlive its erasure. */
const fillSession = async (id: string): Promise<Secret[]> => {
  const { key, wrapped } = await keys.create(id);
  await state.insertSession({ id, terms, openedAtMs: 0, wrappedKey: wrapped });
  const secrets: Secret[] = [
    { name: `${id} key`, bytes: key },
    { name: `${id} wrapped key`, bytes: wrapped },
  ];
  const records = Array.from({ length: RECORDS }, () => makeRecord());
  const rows = records.map((record, sequence) => {
    const frame = randomBytes(32);
    const payload = JSON.stringify({
      values: { label: 'happy', frame: frame.toString('hex') },
      notes: 'x'.repeat(3_000),
    });
    const sealedPayload = seal(payloadKeyOf(key), `payload ${record.id}`, utf8(payload));
    secrets.push(
      { name: `${id} payload ${sequence}`, bytes: sealedPayload },
      { name: `${id} frame ${sequence}`, bytes: frame },
      { name: `${id} salt ${sequence}`, bytes: deriveSalt(key, record.id, 'label') },
    );
    return { id: record.id, type: 'DETECTION', sessionId: id, sequence, sealedPayload };
  });
  await state.intendRecords(rows);
  await log.appendAll(records);
  await state.confirmRecords(rows.map((row) => row.id));
  return secrets;
};

const erase = async (sessionId: string): Promise<void> => {
  const id = newId();
  const time = 1_764_000_000;
  const reason = 'subject-request';
  const bytes = encodeRecord({ type: 'ERASURE', version: 1, id, time, sessionId, reason, records: RECORDS });
  await state.destroySubject(sessionId, time * 1000, { id, bytes });
};

const timeout = 120_000;

it('leaves nothing of an erased tenth of the subjects in any file, and the whole log still verifies', {
  timeout,
}, async () => {
  const ids = Array.from({ length: SESSIONS }, newId);
  const filled = await Promise.all(ids.map(fillSession));
  const secrets = new Map(ids.map((id, at) => [id, filled[at]!]));
  const erased = ids.filter((_, at) => at % 10 === 3);
  const kept = ids.filter((id) => !erased.includes(id));
  const scan = (of: readonly string[]) => {
    const found = scanForResidue(
      listFiles(folder.path),
      of.flatMap((id) => secrets.get(id)!),
    );
    return new Set(found.map(({ secret }) => secret));
  };
  // What the scan finds before is what it can find afterwards: wrapped keys and sealed payloads, nothing in the clear.
  const stored = (of: readonly string[]) => of.length * (1 + RECORDS);
  expect(scan(ids).size).toBe(stored(ids));
  await Promise.all(erased.map(erase));
  // As if the process had died before it could tell the log: the next start does.
  const ledger = createLedger({ log, state, keys, policy: 'default', now: Date.now });
  expect(await ledger.recover()).toMatchObject({ owed: erased.length });
  expect(await ledger.recover()).toMatchObject({ owed: 0 });
  expect([...scan(erased)]).toEqual([]);
  expect(scan(kept).size).toBe(stored(kept));
  expect(log.checkpoint().size).toBe(SESSIONS * RECORDS + erased.length);
  expect(await checkLog(log, [])).toEqual([]);
});
