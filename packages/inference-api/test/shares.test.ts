import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { openStream, tryStream } from './support/streams.ts';
import { anchoringWith, type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground, {
    auth: { mode: 'required' },
    limits: { streams: 4 },
    webhooks: { maxEndpoints: 4 },
    anchoring: anchoringWith(ground),
  });
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

const SCOPES = ['sessions', 'detect', 'read', 'webhooks'] as const;

type Caller = { readonly token: string; readonly headers: Record<string, string> };

const newKey = async (deployer?: string): Promise<Caller> => {
  const { token } = await api.createKey({ name: 'desk', scopes: SCOPES, deployer });
  return { token, headers: { authorization: `Bearer ${token}` } };
};

const openSession = ({ headers }: Caller, deployer: string) =>
  openTestSession(api.url, headers, { deployer });

/** Those of so many attempts at once that were let in, still open. */
const openMany = async (callers: readonly Caller[], sessionId: string) => {
  const attempts = callers.map(({ token }) => openStream(api.url, sessionId, token));
  const settled = await Promise.allSettled(attempts);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.socket] : []));
};

const REFUSED = { status: 503, retryAfter: '1', body: { code: 'overloaded' } };
const AT_SHARE = { body: { detail: expect.stringContaining('limits.streamsPerTenant') } };

describe('streams of frames', () => {
  it('are shared: all keys of a deployer together get half of them, also when they ask at once', async () => {
    const [a, alsoA, b, alone] = [
      await newKey('bank-a'),
      await newKey('bank-a'),
      await newKey('bank-b'),
      await newKey(),
    ];
    const [ofA, ofB] = [await openSession(a, 'bank-a'), await openSession(b, 'bank-b')];
    const own = await openMany([a, alsoA, a, alsoA, a, alsoA], ofA);
    expect(own).toHaveLength(2);
    for (const { token } of [a, alsoA])
      expect(await tryStream(api.url, ofA, token)).toMatchObject({ ...REFUSED, ...AT_SHARE });
    const others = await openMany([b, alone], ofB);
    expect(others).toHaveLength(2);
    // The service is full: nobody is at fault for it.
    const full = await tryStream(api.url, ofB, b.token);
    expect(full).toMatchObject(REFUSED);
    expect(full).not.toMatchObject(AT_SHARE);
    for (const socket of [...own, ...others]) socket.close();
    await expect.poll(async () => (await tryStream(api.url, ofA, a.token)).status).toBe(101);
  });

  it('leave nothing taken behind, however they end or fail to begin', async () => {
    const key = await newKey('bank-c');
    const sessionId = await openSession(key, 'bank-c');
    for (let i = 0; i < 6; i++)
      expect((await tryStream(api.url, '0'.repeat(32), key.token)).status).toBe(404);
    const { hostname, port } = new URL(api.url);
    const start = (headers: readonly string[]) =>
      [
        `GET /v1/sessions/${sessionId}/frames HTTP/1.1`,
        `Host: ${hostname}`,
        `Authorization: Bearer ${key.token}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        ...headers,
        '\r\n',
      ].join('\r\n');
    const handshake = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    // Gone while they are being admitted; no handshake at all; a handshake, and then what is no frame.
    for (const [headers, wait] of [
      [handshake, 0],
      [handshake, 1],
      [[], 50],
      [[...handshake, 'Sec-WebSocket-Protocol: testigo.frames.v1'], 50],
    ] as const) {
      for (let i = 0; i < 5; i++) {
        const socket = connect(Number(port), hostname).on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(start(headers));
        await new Promise((resolve) => setTimeout(resolve, wait));
        socket.write('nonsense');
        socket.resetAndDestroy();
      }
    }
    const isWhole = async () => {
      const sockets = await openMany([key, key, key], sessionId);
      for (const socket of sockets) socket.terminate();
      return sockets.length;
    };
    await expect.poll(isWhole, { interval: 300 }).toBe(2);
  });
});

describe('streams of events', () => {
  it('are shared in the same way, and given back', async () => {
    const [a, b] = [await newKey('example-bank'), await newKey('bank-b')];
    const { body } = await sendPictureAs(a);
    const leave = new AbortController();
    const follow = ({ headers }: Caller, signal = AbortSignal.any([])) =>
      fetch(`${api.url}/v1/records/${body.recordId}/anchoring`, { headers, signal });
    for (let i = 0; i < 2; i++) expect((await follow(a, leave.signal)).status).toBe(200);
    const refused = await follow(a);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect({ body: await refused.json() }).toMatchObject(AT_SHARE);
    const unknown = () => fetch(`${api.url}/v1/records/${'0'.repeat(32)}/anchoring`, { headers: b.headers });
    for (let i = 0; i < 6; i++) expect((await unknown()).status).toBe(404);
    for (let i = 0; i < 2; i++) expect((await follow(b, leave.signal)).status).toBe(200);
    leave.abort();
    await expect.poll(async () => (await follow(a, AbortSignal.timeout(50))).status).toBe(200);
  });
});

const sendPictureAs = async ({ headers }: Caller) => {
  const image = (await facePicture()).toString('base64');
  return post(`${api.url}/v1/detections`, { image }, headers);
};

describe('webhook endpoints', () => {
  it('are shared: a deployer gets half of them, also when it asks for all at once', async () => {
    const [a, alsoA, b, alone] = [
      await newKey('bank-a'),
      await newKey('bank-a'),
      await newKey('bank-b'),
      await newKey(),
    ];
    const register = ({ headers }: Caller) =>
      post(
        `${api.url}/v1/webhooks`,
        { url: 'https://desk.example.com/hook', events: ['webhook.test'] },
        headers,
      );
    const answers = await Promise.all([a, alsoA, a, alsoA, a, alsoA].map(register));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409, 409]);
    expect((await register(alsoA)).body).toMatchObject({
      code: 'webhook-limit',
      detail: expect.stringContaining('webhooks.maxEndpointsPerTenant'),
    });
    expect((await register(b)).status).toBe(201);
    expect((await register(alone)).status).toBe(201);
    const full = (await register(b)).body;
    expect(full.code).toBe('webhook-limit');
    expect(full.detail).toBeUndefined();
    const { body } = await get(`${api.url}/v1/webhooks`, a.headers);
    const [first] = body.webhooks as { webhookId: string }[];
    await fetch(`${api.url}/v1/webhooks/${first?.webhookId}`, { method: 'DELETE', headers: alsoA.headers });
    expect((await register(a)).status).toBe(201);
  });
});
