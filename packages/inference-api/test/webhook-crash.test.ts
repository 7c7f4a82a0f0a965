import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post } from './support/http.ts';
import { startProcess } from './support/process.ts';
import { type Receiver, startReceiver, verifyWebhook } from './support/receiver.ts';
import { openTestSession } from './support/sessions.ts';
import { type Ground, prepareGround } from './support/world.ts';

let ground: Ground;
let receiver: Receiver;
let folder: string;
beforeAll(async () => {
  ground = await prepareGround();
  receiver = await startReceiver();
  folder = mkdtempSync(join(tmpdir(), 'testigo-webhook-crash-'));
  const config = {
    dataDir: join(folder, 'data'),
    server: { port: 0 },
    model: { bundleDir: ground.bundleDir },
    registry: { rpcUrl: ground.chain.url, address: ground.address, chainId: ground.chain.chainId },
    webhooks: {
      allowedNetworks: ['127.0.0.1/32'],
      pollMs: 20,
      firstRetryMs: 50,
      maxRetryMs: 100,
      attempts: 50,
    },
    logging: { format: 'ecs' },
  };
  writeFileSync(join(folder, 'api.json'), JSON.stringify(config));
});
afterAll(async () => {
  await receiver.close();
  await ground.stop();
  rmSync(folder, { recursive: true, force: true });
});

const closeSessions = async (url: string, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const id = await openTestSession(url);
    const { status } = await post(`${url}/v1/sessions/${id}/close`, { reason: 'call-ended' });
    if (status === 200) ids.push(id);
  }
  return ids;
};

describe('webhooks of a service that is killed', () => {
  it('lose nothing, and repeat what was under way under the id it had', async () => {
    const configFile = join(folder, 'api.json');
    let service = await startProcess(configFile);
    let { url } = service;
    const events = ['session.closed'];
    const { body } = await post(`${url}/v1/webhooks`, { url: receiver.url, events });
    const secret = body.secret as string;

    // The first is taken and never answered: the service dies with it under way, others still unsent.
    receiver.behave(() => 'silent');
    const closed = await closeSessions(url, 6);
    await receiver.waitFor(1);
    await service.end('SIGKILL');

    receiver.behave((n) => ({ status: n % 3 === 0 ? 503 : 204 }));
    service = await startProcess(configFile);
    url = service.url;
    closed.push(...(await closeSessions(url, 2)));
    const deliveries = `${url}/v1/webhooks/${body.webhookId}/deliveries`;
    await expect
      .poll(async () => ((await get(`${deliveries}?state=delivered`)).body.deliveries as unknown[]).length, {
        timeout: 20_000,
      })
      .toBe(closed.length);
    await service.end('SIGKILL');

    const idOf = new Map<string, string>();
    for (const received of receiver.received) {
      const { data } = verifyWebhook(secret, received);
      const sessionId = data.sessionId as string;
      expect(idOf.get(sessionId) ?? received.id).toBe(received.id);
      idOf.set(sessionId, received.id);
    }
    expect([...idOf.keys()].sort()).toEqual([...closed].sort());
    expect(new Set(idOf.values()).size).toBe(closed.length);
    expect(receiver.received.length).toBeGreaterThan(closed.length);
  }, 60_000);
});
