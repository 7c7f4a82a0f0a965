import {
  computeRoot,
  decodeEntryBundle,
  decodeTile,
  EMPTY_ROOT,
  hashLeaf,
  newNoteVerifier,
  openNote,
  parseCheckpoint,
  proveInclusion,
  toHex,
  verifyConsistency,
  verifyInclusion,
} from '@testigo/trail';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, postgresUrl } from '../../test/support/postgres.ts';
import { openSoleStore } from '../../test/support/sole-store.ts';
import type { EncodedRecord, Receipt, TransparencyLog } from './log.ts';
import { openLog } from './open-log.ts';
import type { SequencerOptions } from './sequencer.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { LogStore } from './store.ts';
import { makeFolder, makeRecord, makeRecords, newId, TEST_IDENTITY } from './testing.ts';

/** One place that a log can be kept in, opened again and again. */
type Place = { openStore(): Promise<LogStore>; remove(): Promise<void> };

const inFolder = async (): Promise<Place> => {
  const folder = makeFolder();
  return { openStore: () => SqliteStore.open(folder.path), remove: async () => folder.remove() };
};

const inPostgres = async (): Promise<Place> => {
  const database = await createTestDatabase();
  return { openStore: () => openSoleStore(database.url), remove: database.drop };
};

const places = [
  { name: 'SQLite', make: inFolder, isHere: true },
  { name: 'PostgreSQL', make: inPostgres, isHere: postgresUrl !== undefined },
];

const openIn = async (place: Place, options: Partial<SequencerOptions> = { batchDelayMs: 1 }) =>
  openLog({ ...TEST_IDENTITY, store: await place.openStore(), options });

const readNote = (note: string) => {
  const { body, verifiedBy } = openNote(note, [newNoteVerifier(TEST_IDENTITY.verifierKey)]);
  expect(verifiedBy).toHaveLength(1);
  return parseCheckpoint(body);
};

const areProven = (records: readonly EncodedRecord[], receipts: readonly Receipt[]): boolean => {
  const { size, root } = readNote(receipts[0]!.checkpoint.note);
  return receipts.every(({ proof, checkpoint }, at) => {
    const leafHash = hashLeaf(records[at]!.bytes);
    const claim = { leafHash, index: proof.leafIndex, size, proof: proof.hashes, root };
    return checkpoint === receipts[0]!.checkpoint && size === proof.size && verifyInclusion(claim);
  });
};

describe.each(places)('the durable log in $name', { timeout: 60_000 }, ({ make, isHere }) => {
  if (!isHere) return it.skip('needs a server in POSTGRES_TEST_URL');
  let place: Place;
  let log: TransparencyLog;
  beforeEach(async () => {
    place = await make();
    log = await openIn(place);
  });
  afterEach(async () => {
    await log.close();
    await place.remove();
  });

  const reopen = async () => {
    await log.close();
    log = await openIn(place);
  };

  it('starts with a signed checkpoint of nothing', () => {
    expect(readNote(log.checkpoint().note)).toEqual({ origin: log.origin, size: 0, root: EMPTY_ROOT });
  });

  it('answers every append with a proof that verifies offline, at any batch shape and across restarts', async () => {
    const records: EncodedRecord[] = [];
    for (const count of [1, 1, 2, 3, 249, 1, 255, 257, 511, 30, 2, 1000]) {
      const batch = makeRecords(count);
      const receipts = await log.appendAll(batch);
      receipts.forEach((receipt, at) => {
        expect(receipt.leafIndex).toBe(records.length + at);
      });
      expect(areProven(batch, receipts)).toBe(true);
      records.push(...batch);
      expect(toHex(log.checkpoint().root)).toBe(
        toHex(computeRoot(records.map(({ bytes }) => hashLeaf(bytes)))),
      );
      if (count % 2 === 0) await reopen();
    }
    const leaves = records.map(({ bytes }) => hashLeaf(bytes));
    for (const leaf of [0, 1, 255, 256, 1000, records.length - 1]) {
      expect((await log.proveInclusion(leaf)).hashes.map(toHex)).toEqual(
        proveInclusion(leaves, leaf).map(toHex),
      );
    }
    for (const size of [0, 1, 2, 255, 256, 257, 1024, records.length]) {
      const { root, note } = await log.checkpointAt(size);
      expect(toHex(root)).toBe(toHex(computeRoot(leaves.slice(0, size))));
      expect(readNote(note).size).toBe(size);
      const { hashes: proof } = await log.proveConsistency(size);
      const claim = { size1: size, size2: records.length, root1: root, root2: log.checkpoint().root, proof };
      expect(verifyConsistency(claim)).toBe(true);
    }
  });

  it('groups concurrent appends into one checkpoint', async () => {
    const records = makeRecords(300);
    const receipts = await Promise.all(records.map((record) => log.append(record)));
    expect(new Set(receipts.map(({ checkpoint }) => checkpoint.size)).size).toBe(1);
    expect(receipts.map(({ leafIndex }) => leafIndex)).toEqual(records.map((_, at) => at));
  });

  it('holds an id once: the same bytes get the old leaf, other bytes are refused', async () => {
    const record = makeRecord();
    const first = await log.append(record);
    await log.appendAll(makeRecords(600));
    const again = await log.append(record);
    expect(again).toMatchObject({ leafIndex: first.leafIndex, isDuplicate: true });
    expect(areProven([record], [again])).toBe(true);
    const [a, b] = await Promise.all([log.append(record), log.append(makeRecord())]);
    expect([a.isDuplicate, b.isDuplicate]).toEqual([true, false]);
    expect(areProven([record], [a])).toBe(true);
    const other = { ...record, bytes: makeRecord().bytes };
    await expect(log.append(other)).rejects.toMatchObject({ code: 'record-id-taken' });
    expect(log.checkpoint().size).toBe(602);
  });

  it('deduplicates inside a batch and rejects only the request that conflicts', async () => {
    const shared = makeRecord();
    const fresh = makeRecords(3);
    const outcomes = await Promise.allSettled([
      log.appendAll([fresh[0]!, shared, shared]),
      log.appendAll([fresh[1]!, { ...shared, bytes: makeRecord().bytes }]),
      log.append(shared),
      log.append(fresh[2]!),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(log.checkpoint().size).toBe(3);
    expect(await log.findRecord(fresh[1]!.id)).toBeUndefined();
    expect((await log.findRecord(shared.id))?.leafIndex).toBe(1);
  });

  it('serves C2SP tiles and entry bundles of the published size only', async () => {
    const records = makeRecords(600);
    await log.appendAll(records);
    const leaves = records.map(({ bytes }) => hashLeaf(bytes));
    expect(decodeTile(await log.readTile(0, 1))).toEqual(leaves.slice(256, 512));
    expect(decodeTile(await log.readTile(0, 2, 88))).toEqual(leaves.slice(512));
    expect(decodeTile(await log.readTile(0, 2, 17))).toEqual(leaves.slice(512, 529));
    expect(decodeTile(await log.readTile(1, 0, 2)).map(toHex)).toEqual(
      [leaves.slice(0, 256), leaves.slice(256, 512)].map((part) => toHex(computeRoot(part))),
    );
    const bundle = decodeEntryBundle(await log.readEntryBundle(2, 88));
    expect(bundle.map(toHex)).toEqual(records.slice(512).map(({ bytes }) => toHex(bytes)));
    for (const beyond of [
      log.readTile(0, 2),
      log.readTile(0, 2, 89),
      log.readTile(1, 0),
      log.readEntryBundle(3, 1),
    ]) {
      await expect(beyond).rejects.toMatchObject({ code: 'log-range' });
    }
    await expect(log.readTile(0, 0, 0)).rejects.toMatchObject({ code: 'log-range' });
    await expect(log.readTile(0, -1)).rejects.toMatchObject({ code: 'log-range' });
    await expect(log.proveInclusion(600)).rejects.toMatchObject({ code: 'log-range' });
  });

  it('counts detections by model between two checkpoints', async () => {
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    await log.appendAll([makeRecord(newId(), a), makeRecord(newId(), a), makeRecord(newId(), b)]);
    const { bytes, id } = makeRecord();
    await log.appendAll([makeRecord(newId(), b), { id, bytes }]);
    expect(await log.countModels(0, 3)).toEqual([
      { modelVersion: a, count: 2 },
      { modelVersion: b, count: 1 },
    ]);
    expect(await log.countModels(3, 5)).toEqual([{ modelVersion: b, count: 1 }]);
    expect(await log.countModels(5, 5)).toEqual([]);
  });

  it('counts detections up to a multiple of 64 within a batch', async () => {
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    await log.append(makeRecord(newId(), b));
    await log.appendAll([...makeRecords(62), ...Array.from({ length: 100 }, () => makeRecord(newId(), b))]);
    expect(await log.countModels(0, 64)).toEqual([
      { modelVersion: a, count: 62 },
      { modelVersion: b, count: 2 },
    ]);
    expect(await log.countModels(64, 128)).toEqual([{ modelVersion: b, count: 64 }]);
    expect(await log.countModels(128, 163)).toEqual([{ modelVersion: b, count: 35 }]);
  });

  it('lets one writer in', async () => {
    await expect(place.openStore()).rejects.toMatchObject({ code: 'log-locked' });
    await reopen();
  });

  it('refuses more than may wait, and appends after close', async () => {
    await log.close();
    log = await openIn(place, { batchDelayMs: 5, waitingRecords: 10 });
    const fits = log.appendAll(makeRecords(8));
    await expect(log.appendAll(makeRecords(3))).rejects.toMatchObject({ code: 'log-overloaded' });
    await fits;
    const last = log.append(makeRecord());
    await log.close();
    expect((await last).leafIndex).toBe(8);
    await expect(log.append(makeRecord())).rejects.toMatchObject({ code: 'log-unavailable' });
    log = await openIn(place);
  });

  it('does not continue the log of another key', async () => {
    await log.append(makeRecord());
    await log.close();
    const other = { ...TEST_IDENTITY, origin: 'log.example.org/other' };
    await expect(openLog({ ...other, store: await place.openStore() })).rejects.toMatchObject({
      code: 'log-corrupt',
    });
    log = await openIn(place);
  });
});
