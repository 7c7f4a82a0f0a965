import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { facePicture } from './support/pictures.ts';
import { openTestSession, sessionTerms } from './support/sessions.ts';
import { tryStream } from './support/streams.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

const LISTED = 'https://desk.example.com';
const FOREIGN = 'https://elsewhere.example.com';

let ground: Ground;
let api: TestApi;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground, { server: { port: 0, corsOrigins: [LISTED] } });
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

/** By node:http, since fetch names the host itself. */
const ask = (path: string, headers: Record<string, string>): Promise<{ status?: number; code?: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(`${api.url}${path}`, { headers }, async (response) => {
      let text = '';
      for await (const part of response) text += String(part);
      const isProblem = response.headers['content-type'] === 'application/problem+json';
      resolve({
        status: response.statusCode!,
        ...(isProblem ? { code: JSON.parse(text).code as string } : {}),
      });
    });
    sent.once('error', reject).end();
  });

describe('a service that asks nobody who they are', () => {
  it('answers by local names only, so that no name can be pointed at it', async () => {
    const { port } = new URL(api.url);
    for (const host of ['127.0.0.1', `localhost:${port}`, '127.0.0.2', `[::1]:${port}`])
      expect([host, await ask('/v1/sessions', { host })]).toEqual([host, { status: 200 }]);
    for (const host of ['elsewhere.example.com', `127.0.0.1.example.com:${port}`, '10.0.0.1', 'localhost.'])
      expect([host, await ask('/v1/sessions', { host })]).toEqual([
        host,
        { status: 403, code: 'foreign-origin' },
      ]);
  });

  it('takes no form from a page of another origin', async () => {
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(await facePicture())]), 'face.jpg');
    const send = (origin: string) =>
      fetch(`${api.url}/v1/detections`, { method: 'POST', body: form, headers: { origin } });
    for (const origin of [FOREIGN, 'null', 'http://127.0.0.1:1'])
      expect([origin, (await send(origin)).status]).toEqual([origin, 403]);
    for (const origin of [LISTED, api.url])
      expect([origin, (await send(origin)).status]).toEqual([origin, 201]);
  });

  it('opens no stream to one', async () => {
    const sessionId = await openTestSession(api.url);
    expect(await tryStream(api.url, sessionId, undefined, { origin: FOREIGN })).toMatchObject({
      status: 403,
      body: { code: 'foreign-origin' },
    });
    expect((await tryStream(api.url, sessionId, undefined, { origin: LISTED })).status).toBe(101);
  });

  it('leaves that to keys where it asks for them', async () => {
    const guarded = await startTestApi(ground, { auth: { mode: 'required' } });
    const { token } = await guarded.createKey({ name: 'desk', scopes: ['sessions'] });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, origin: FOREIGN };
    const body = JSON.stringify(sessionTerms());
    expect((await fetch(`${guarded.url}/v1/sessions`, { method: 'POST', headers, body })).status).toBe(201);
    await guarded.discard();
  });
});
