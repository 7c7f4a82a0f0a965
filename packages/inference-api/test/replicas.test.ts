import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { newNoteVerifier, openNote, parseCheckpoint, toHex } from '@testigo/trail';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { get, post } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { createTestDatabase, postgresUrl, type TestDatabase } from './support/postgres.ts';
import { openTestSession } from './support/sessions.ts';
import { refuseAndStay } from './support/streams.ts';
import {
  anchoringWith,
  type Ground,
  openLogOnChain,
  prepareGround,
  startTestApi,
  type TestApi,
} from './support/world.ts';

const sharedBy = (database: TestDatabase) => ({
  store: database.url,
  log: { signingKey: '17'.repeat(32) },
  keys: { masterKey: '29'.repeat(32) },
  replica: { leaseMs: 1_000 },
});

const roleOf = async (api: TestApi): Promise<unknown> => {
  const { body } = await get(`${api.url}/readyz`);
  return (body.replica as { role: string }).role;
};

const becomesWriter = (api: TestApi): Promise<void> =>
  expect.poll(() => roleOf(api), { timeout: 10_000 }).toBe('writer');

describe.skipIf(postgresUrl === undefined)(
  'two replicas over one PostgreSQL database',
  { timeout: 60_000 },
  () => {
    let ground: Ground;
    let face: string;
    beforeAll(async () => {
      ground = await prepareGround();
      face = (await facePicture()).toString('base64');
    });
    afterAll(() => ground.stop());

    let database: TestDatabase;
    let first: TestApi;
    let second: TestApi;
    beforeEach(async () => {
      database = await createTestDatabase();
      const options = { ...sharedBy(database), anchoring: anchoringWith(ground) };
      first = await startTestApi(ground, options);
      second = await startTestApi(ground, options);
      return async () => {
        await second.discard();
        await first.discard();
        await database.drop();
      };
    });

    it('ask a stranger for a key before they take in a body to pass on', async () => {
      await becomesWriter(first);
      const third = await startTestApi(ground, { ...sharedBy(database), auth: { mode: 'required' } });
      const headers = { 'content-type': 'application/json', 'content-length': 1_000_000 };
      const sent = request(`${third.url}/v1/detections`, { method: 'POST', headers });
      sent.on('error', () => {}).flushHeaders();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      expect(answer.statusCode).toBe(401);
      sent.destroy();
      await third.discard();
    });

    it('take requests alike, one records, and what it recorded is found at both at once', async () => {
      expect([await roleOf(first), await roleOf(second)]).toEqual(['writer', 'reader']);
      const sessionId = await openTestSession(second.url);
      for (const [at, { url }] of [second, first, second].entries()) {
        const { status, body } = await post(`${url}/v1/detections`, { image: face, sessionId });
        expect(status).toBe(201);
        expect(body.sequence).toBe(at + 1);
        for (const api of [second, first]) {
          const proof = await get(`${api.url}/v1/records/${body.recordId}/proof`);
          expect(proof.status).toBe(200);
          expect((proof.body.proof as { leafIndex: number }).leafIndex).toBe(body.leafIndex);
        }
      }
      const lists = await Promise.all(
        [first, second].map(({ url }) => get(`${url}/v1/sessions/${sessionId}/records`)),
      );
      expect(lists[0]!.body).toEqual(lists[1]!.body);
    });

    it('hand over when the writer leaves: the session goes on without a gap, in the same log', async () => {
      const sessionId = await openTestSession(first.url);
      const before = (await get(`${first.url}/checkpoint`)).body.text as string;
      await first.close();
      await becomesWriter(second);
      const { body } = await post(`${second.url}/v1/detections`, { image: face, sessionId });
      expect(body).toMatchObject({ sequence: 1, leafIndex: 1 });
      const { hashes } = (await get(`${second.url}/v1/records/${body.recordId}/proof`)).body.proof as {
        hashes: string[];
      };
      const read = (note: string) => {
        const opened = openNote(note, [newNoteVerifier(first.verifierKey)]);
        expect(opened.verifiedBy).toHaveLength(1);
        return parseCheckpoint(opened.body);
      };
      const [old, now] = [read(before), read((await get(`${second.url}/checkpoint`)).body.text as string)];
      // The old tree has one leaf: its root is the sibling in the new leaf's proof, which is the consistency proof.
      expect(hashes).toEqual([toHex(old.root)]);
      expect(now.size).toBe(2);
    });

    it('keep an idempotent answer across a change of writer', async () => {
      const sessionId = await openTestSession(second.url);
      const send = (api: TestApi) =>
        post(
          `${api.url}/v1/detections`,
          { image: face, sessionId },
          { 'idempotency-key': 'one-and-the-same' },
        );
      const answer = await send(second);
      expect(answer.status).toBe(201);
      await first.close();
      await becomesWriter(second);
      const again = await send(second);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.body.recordId).toBe(answer.body.recordId);
    });

    it('stream frames through a replica that only reads', async () => {
      const sessionId = await openTestSession(second.url);
      const socket = new WebSocket(`${second.url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`);
      const messages: Record<string, unknown>[] = [];
      socket.on('message', (data) => messages.push(JSON.parse(String(data))));
      await once(socket, 'open');
      socket.send(Buffer.from(face, 'base64'));
      await expect.poll(() => messages.find(({ type }) => type === 'reading')).toBeDefined();
      socket.close();
      await once(socket, 'close');
      const stranger = new WebSocket(
        `${second.url.replace('http', 'ws')}/v1/sessions/${'0'.repeat(32)}/frames`,
      );
      const [error] = (await once(stranger, 'error')) as [Error];
      expect(error.message).toContain('404');
    });

    it('hold no connection for a stream that was refused, whichever replica was asked', async () => {
      const client = await refuseAndStay(second.url);
      await second.close();
      client.destroy();
    });

    it('anchor once, by the writer, and both tell of it', async () => {
      await openLogOnChain(ground, first);
      const sessionId = await openTestSession(second.url);
      const { body } = await post(`${second.url}/v1/detections`, { image: face, sessionId });
      expect(await first.waitForAnchor(body.leafIndex as number, 20_000)).toBe(true);
      expect(await second.waitForAnchor(body.leafIndex as number, 1)).toBe(false);
      for (const api of [first, second]) {
        const evidence = await get(`${api.url}/v1/records/${body.recordId}/proof`);
        expect(evidence.body.anchoring).toMatchObject({
          state: expect.stringMatching(/mined|safe|finalized/),
        });
      }
    });

    it('say so when nobody writes, and refuse what was passed on already', async () => {
      const looped = await post(`${second.url}/v1/sessions`, {}, { 'x-testigo-forwarded': '1' });
      expect(looped.status).toBe(503);
      expect(looped.body.code).toBe('writer-unknown');
      expect(looped.headers.get('retry-after')).toBe('1');
    });
  },
);
