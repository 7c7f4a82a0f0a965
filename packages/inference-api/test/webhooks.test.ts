import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { get, post, sendPicture } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { type Receiver, startReceiver, verifyWebhook } from './support/receiver.ts';
import { openTestSession } from './support/sessions.ts';
import {
  anchoringWith,
  type Ground,
  openLogOnChain,
  prepareGround,
  startTestApi,
  type TestApi,
} from './support/world.ts';

const WEBHOOKS = { allowedNetworks: ['127.0.0.0/8'], pollMs: 20, firstRetryMs: 10, maxRetryMs: 40 };

let ground: Ground;
let receiver: Receiver;
let apis: TestApi[] = [];
beforeAll(async () => {
  ground = await prepareGround();
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const api of apis) await api.discard();
  apis = [];
  await receiver.close();
});
afterAll(() => ground.stop());

const start = async (overrides: Parameters<typeof startTestApi>[1] = {}): Promise<TestApi> => {
  const api = await startTestApi(ground, { webhooks: WEBHOOKS, ...overrides });
  apis.push(api);
  return api;
};

type Hook = { readonly id: string; readonly secret: string };

const register = async (api: TestApi, events: string[], headers = {}): Promise<Hook> => {
  const { status, body } = await post(`${api.url}/v1/webhooks`, { url: receiver.url, events }, headers);
  if (status !== 201) throw new Error(`not registered: ${JSON.stringify(body)}`);
  return { id: body.webhookId as string, secret: body.secret as string };
};

const closeTestSession = async (api: TestApi, headers = {}, terms = {}): Promise<string> => {
  const sessionId = await openTestSession(api.url, headers, terms);
  await sendPicture(api.url, await facePicture(), { sessionId });
  await post(`${api.url}/v1/sessions/${sessionId}/close`, { reason: 'call-ended' }, headers);
  return sessionId;
};

type Delivery = { eventId: string; state: string; attempts: number; lastOutcome?: string };

const deliveriesOf = async (api: TestApi, id: string, query = ''): Promise<Delivery[]> =>
  (await get(`${api.url}/v1/webhooks/${id}/deliveries${query}`)).body.deliveries as Delivery[];

const untilState = async (api: TestApi, id: string, state: string): Promise<Delivery> => {
  for (let attempt = 0; attempt < 500; attempt++) {
    const [found] = await deliveriesOf(api, id, `?state=${state}`);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no delivery became ${state}`);
};

describe('webhooks', () => {
  it('tell of a closed and an erased session, signed, without a reading in them', async () => {
    const api = await start();
    const { secret, id } = await register(api, ['session.closed', 'session.erased']);
    const sessionId = await closeTestSession(api);
    await receiver.waitFor(1);
    const closed = verifyWebhook(secret, receiver.received[0]!);
    expect(closed.type).toBe('session.closed');
    expect(closed.data).toMatchObject({ sessionId, sequence: 2, reason: 'call-ended' });
    expect(closed.data.counts).toEqual({ detections: 1, refusals: 0, reviews: 0, overrides: 0 });
    const record = await get(`${api.url}/v1/records/${closed.data.recordId}`);
    expect(record.body.leafIndex).toBe(closed.data.leafIndex);
    const erasure = { reason: 'subject-request', overridingGround: 'gdpr-art-17' };
    await post(`${api.url}/v1/sessions/${sessionId}/erasure`, erasure);
    await receiver.waitFor(2);
    expect(verifyWebhook(secret, receiver.received[1]!)).toMatchObject({
      type: 'session.erased',
      data: { sessionId },
    });
    expect(receiver.received.map(({ body }) => body).join()).not.toMatch(/happy|neutral|scores|confidence/);
    expect(await untilState(api, id, 'delivered')).toMatchObject({ attempts: 1, lastOutcome: 'status-204' });
  });

  it('tell how anchors come along on chain', async () => {
    const api = await start({ anchoring: anchoringWith(ground) });
    const { secret } = await register(api, ['anchoring.changed']);
    await openLogOnChain(ground, api);
    const { body } = await sendPicture(api.url, await facePicture());
    expect(await api.waitForAnchor(body.leafIndex as number, 20_000)).toBe(true);
    await receiver.waitFor(1);
    const messages = receiver.received.map((one) => verifyWebhook(secret, one).data);
    const last = messages.at(-1)!;
    expect(last).toMatchObject({ logId: api.logId, chainId: ground.chain.chainId, size: 3 });
    expect(['mined', 'safe', 'finalized']).toContain(last.state);
    const head = await ground.registry.headOf(`0x${api.logId}`);
    expect(head.root).toBe(`0x${last.root}`);
  });

  it('come again after failures, under one id, with a fresh signature each', async () => {
    const api = await start();
    const { secret, id } = await register(api, ['webhook.test']);
    receiver.behave((n) => (n < 2 ? { status: 503, headers: { 'retry-after': '0' } } : { status: 200 }));
    const { body } = await post(`${api.url}/v1/webhooks/${id}/test`, undefined);
    await receiver.waitFor(3);
    expect(new Set(receiver.received.map((one) => one.id))).toEqual(new Set([body.eventId]));
    for (const one of receiver.received) expect(verifyWebhook(secret, one).type).toBe('webhook.test');
    expect(await untilState(api, id, 'delivered')).toMatchObject({ attempts: 3, lastOutcome: 'status-200' });
  });

  it('are given up as dead after the last attempt, are listed so, and go again on request', async () => {
    const api = await start({ webhooks: { ...WEBHOOKS, attempts: 3 } });
    const { id } = await register(api, ['webhook.test']);
    receiver.behave(() => ({ status: 500 }));
    await post(`${api.url}/v1/webhooks/${id}/test`, undefined);
    const dead = await untilState(api, id, 'dead');
    expect(dead).toMatchObject({ attempts: 3, lastOutcome: 'status-500' });
    expect(receiver.received.length).toBe(3);
    const { body } = await get(`${api.url}/metrics`);
    expect(body.text).toContain('testigo_webhook_deliveries{state="dead"} 1');
    receiver.behave(() => ({ status: 200 }));
    const again = `${api.url}/v1/webhooks/${id}/deliveries/${dead.eventId}/redeliver`;
    expect((await post(again, undefined)).status).toBe(202);
    expect((await untilState(api, id, 'delivered')).eventId).toBe(dead.eventId);
  });

  it('follow no redirect, wait for nobody for ever, and stop where the receiver is gone', async () => {
    const api = await start({ webhooks: { ...WEBHOOKS, attempts: 1, timeoutMs: 100 } });
    const elsewhere = await startReceiver();
    for (const [behaviour, outcome] of [
      [{ status: 307, headers: { location: elsewhere.url } }, 'redirected'],
      ['silent', 'timeout'],
      [{ status: 410 }, 'status-410'],
    ] as const) {
      const { id } = await register(api, ['webhook.test']);
      receiver.behave(() => (behaviour === 'silent' ? 'silent' : { ...behaviour }));
      await post(`${api.url}/v1/webhooks/${id}/test`, undefined);
      expect((await untilState(api, id, 'dead')).lastOutcome).toBe(outcome);
      if (outcome !== 'status-410') continue;
      expect((await get(`${api.url}/v1/webhooks/${id}`)).body.disabledAtMs).toBeGreaterThan(0);
      expect((await post(`${api.url}/v1/webhooks/${id}/test`, undefined)).body.code).toBe('webhook-disabled');
    }
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  it('never call what only this machine can reach, unless the operator allows it', async () => {
    const api = await start({ webhooks: { ...WEBHOOKS, allowedNetworks: [], attempts: 1 } });
    const create = (url: string) => post(`${api.url}/v1/webhooks`, { url, events: ['webhook.test'] });
    for (const url of [
      receiver.url,
      'https://169.254.169.254/latest',
      'https://[::1]/',
      'https://u:p@x.example/',
    ])
      expect((await create(url)).body.code).toBe('webhook-target-forbidden');
    // A name cannot be judged before it is resolved: that happens where the socket resolves it.
    const { body } = await create(`https://localhost:${new URL(receiver.url).port}/`);
    await post(`${api.url}/v1/webhooks/${body.webhookId}/test`, undefined);
    expect((await untilState(api, body.webhookId as string, 'dead')).lastOutcome).toBe('target-forbidden');
    expect(receiver.received).toEqual([]);
  });

  it('keep their secrets sealed, rotate them, and show nobody the other deployers', async () => {
    const api = await start({ auth: { mode: 'required' } });
    const keyOf = async (deployer: string) => {
      const scopes = ['webhooks', 'sessions', 'detect', 'read'] as const;
      const { token } = await api.createKey({ name: 'desk', scopes: [...scopes], deployer });
      return { authorization: `Bearer ${token}` };
    };
    const [a, b] = [await keyOf('bank-a'), await keyOf('bank-b')];
    const hook = await register(api, ['session.closed'], a);
    const other = await register(api, ['session.closed'], b);
    expect(JSON.stringify((await get(`${api.url}/v1/webhooks`, a)).body)).not.toContain(hook.secret);
    expect((await get(`${api.url}/v1/webhooks/${hook.id}`, b)).body.code).toBe('webhook-unknown');
    expect((await post(`${api.url}/v1/webhooks/${hook.id}/rotate`, undefined, b)).status).toBe(404);
    const rotated = await post(`${api.url}/v1/webhooks/${hook.id}/rotate`, undefined, a);
    await closeTestSession(api, a, { deployer: 'bank-a' });
    await receiver.waitFor(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(receiver.received.length).toBe(1);
    for (const secret of [hook.secret, rotated.body.secret as string])
      expect(verifyWebhook(secret, receiver.received[0]!).type).toBe('session.closed');
    expect(() => verifyWebhook(other.secret, receiver.received[0]!)).toThrow();
    const deleted = await fetch(`${api.url}/v1/webhooks/${hook.id}`, { method: 'DELETE', headers: a });
    expect(deleted.status).toBe(204);
  });

  it('pages through deliveries', async () => {
    const api = await start();
    const { id } = await register(api, ['webhook.test']);
    for (let i = 0; i < 3; i++) await post(`${api.url}/v1/webhooks/${id}/test`, undefined);
    const first = await get(`${api.url}/v1/webhooks/${id}/deliveries?limit=2`);
    const rest = await deliveriesOf(api, id, `?limit=2&cursor=${first.body.nextCursor}`);
    const all = [...(first.body.deliveries as Delivery[]), ...rest].map(({ eventId }) => eventId);
    expect(new Set(all).size).toBe(3);
  });
});

describe('a revocation', () => {
  it('is told to those who read', async () => {
    const own = await prepareGround();
    const api = await startTestApi(own, { webhooks: WEBHOOKS });
    const { secret } = await register(api, ['standing.changed']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await (await own.registry.revokeModel(`0x${own.modelVersion}`, 'poisoned')).wait();
    await receiver.waitFor(1);
    expect(verifyWebhook(secret, receiver.received[0]!)).toMatchObject({
      type: 'standing.changed',
      data: { mayRead: false, code: 'model-revoked', modelVersion: own.modelVersion },
    });
    await api.discard();
    await own.stop();
  });
});
