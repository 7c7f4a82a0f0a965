import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  computeRoot,
  decodeEntryBundle,
  decodeTile,
  fromHex,
  hashLeaf,
  newNoteVerifier,
  openNote,
  parseCheckpoint,
  toHex,
  verifyInclusion,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BATCH_TYPE } from './ingest-router.ts';
import type { EncodedRecord, TransparencyLog } from './log.ts';
import { createLogApp } from './log-app.ts';
import { openLog } from './open-log.ts';
import { SqliteStore } from './sqlite-store.ts';
import { makeFolder, makeRecord, makeRecords, TEST_IDENTITY } from './testing.ts';

describe('the log over HTTP', { timeout: 60_000 }, () => {
  const folder = makeFolder();
  let log: TransparencyLog;
  let server: Server;
  let base: string;

  beforeAll(async () => {
    log = await openLog({
      ...TEST_IDENTITY,
      store: await SqliteStore.open(folder.path),
      options: { batchDelayMs: 1 },
    });
    server = createServer(createLogApp(log, (error) => expect.unreachable(String(error))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await log.close();
    folder.remove();
  });

  const post = async (body: Uint8Array | string, type = 'application/json') => {
    const response = await fetch(`${base}/v1/records`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.from(body),
    });
    return {
      status: response.status,
      body: (await response.json()) as Record<string, never> & { code?: string },
    };
  };
  const get = async (path: string) => {
    const response = await fetch(base + path);
    return {
      status: response.status,
      headers: response.headers,
      bytes: new Uint8Array(await response.arrayBuffer()),
    };
  };
  const isProven = ({ bytes }: EncodedRecord, leafIndex: number, hashes: readonly string[], note: string) => {
    const { body, verifiedBy } = openNote(note, [newNoteVerifier(log.verifierKey)]);
    const { size, root } = parseCheckpoint(body);
    const proof = hashes.map((hash) => fromHex(hash, 32));
    return (
      verifiedBy.length === 1 &&
      verifyInclusion({ leafHash: hashLeaf(bytes), index: leafIndex, size, proof, root })
    );
  };

  it('answers a record with a proof that verifies offline, and the same again with 200', async () => {
    const record = makeRecord();
    const first = await post(record.bytes);
    expect(first.status).toBe(201);
    const { leafIndex, proof, checkpoint } = first.body as never as {
      leafIndex: number;
      proof: { hashes: string[] };
      checkpoint: string;
    };
    expect(isProven(record, leafIndex, proof.hashes, checkpoint)).toBe(true);
    const second = await post(record.bytes);
    expect([second.status, second.body.leafIndex]).toEqual([200, leafIndex]);
  });

  it('answers a batch with one checkpoint and a proof each', async () => {
    const records = makeRecords(300);
    const lines = records.map(({ bytes }) => Buffer.from(bytes).toString());
    const answer = await post(`${lines.join('\n')}\n`, BATCH_TYPE);
    expect(answer.status).toBe(201);
    const { checkpoint, receipts } = answer.body as never as {
      checkpoint: string;
      receipts: { leafIndex: number; hashes: string[] }[];
    };
    expect(receipts).toHaveLength(300);
    for (const at of [0, 150, 299]) {
      expect(isProven(records[at]!, receipts[at]!.leafIndex, receipts[at]!.hashes, checkpoint)).toBe(true);
    }
  });

  it('refuses what is not one canonical record, and a taken id', async () => {
    const record = makeRecord();
    const text = Buffer.from(record.bytes).toString();
    for (const bad of [
      '',
      '{}',
      ` ${text}`,
      text.replace('"version":1', '"version":1.0'),
      `${text}\n${text}`,
    ]) {
      expect(await post(bad)).toMatchObject({ status: 422, body: { code: 'record-invalid' } });
    }
    await post(record.bytes);
    const other = text.replace('"sequence":1', '"sequence":2');
    expect(await post(other)).toMatchObject({ status: 409, body: { code: 'record-id-taken' } });
    const tooMany = '{}\n'.repeat(4_097);
    expect(await post(tooMany, BATCH_TYPE)).toMatchObject({
      status: 413,
      body: { code: 'record-too-large' },
    });
  });

  it('serves a tree that an outside client rebuilds from tiles and bundles alone', async () => {
    await log.appendAll(makeRecords(600));
    const checkpoint = await get('/checkpoint');
    expect(checkpoint.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const { size, root } = parseCheckpoint(
      openNote(new TextDecoder().decode(checkpoint.bytes), [newNoteVerifier(log.verifierKey)]).body,
    );
    const leaves: Uint8Array[] = [];
    for (let start = 0; start < size; start += 256) {
      const width = Math.min(256, size - start);
      const path = `${String(start / 256).padStart(3, '0')}${width < 256 ? `.p/${width}` : ''}`;
      const tile = await get(`/tile/0/${path}`);
      const bundle = await get(`/tile/entries/${path}`);
      expect(tile.headers.get('cache-control')).toContain('immutable');
      expect(decodeTile(tile.bytes).map(toHex)).toEqual(
        decodeEntryBundle(bundle.bytes).map((r) => toHex(hashLeaf(r))),
      );
      leaves.push(...decodeTile(tile.bytes));
    }
    expect(toHex(computeRoot(leaves))).toBe(toHex(root));
  });

  it('answers 404 beyond the log and for paths that are not canonical', async () => {
    for (const path of [
      '/tile/0/999',
      '/tile/0/000.p/256',
      '/tile/0/0',
      '/tile/00/000',
      '/tile/entries/x000/000',
      '/tile/9/000',
    ]) {
      expect((await get(path)).status).toBe(404);
    }
  });
});
