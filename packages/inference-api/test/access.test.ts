import { once } from 'node:events';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../src/index.ts';
import { get, post, sendPicture } from './support/http.ts';
import { emptyPicture, facePicture } from './support/pictures.ts';
import { openTestSession, sessionTerms } from './support/sessions.ts';
import { openStream, tryStream } from './support/streams.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
let admin: Record<string, string>;
let signJwt: (
  claims: Record<string, unknown>,
  options?: { issuer?: string; expires?: string },
) => Promise<string>;

const bearer = (token: unknown): Record<string, string> => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  ground = await prepareGround();
  const pair = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid: 'k1' };
  signJwt = (claims, { issuer = 'https://id.example.com', expires = '5m' } = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(issuer)
      .setAudience('testigo')
      .setSubject('desk-1')
      .setExpirationTime(expires)
      .sign(pair.privateKey);
  api = await startTestApi(ground, {
    auth: {
      mode: 'required',
      jwt: { issuer: 'https://id.example.com', audience: 'testigo', jwks: { keys: [jwk] } },
    },
    limits: { requestsPerMinute: 200 },
  });
  admin = bearer((await api.createKey({ name: 'first', scopes: ['admin'] })).token);
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

const newKey = async (scopes: string[], more: Record<string, unknown> = {}) => {
  const { status, body } = await post(`${api.url}/v1/keys`, { name: 'test', scopes, ...more }, admin);
  expect(status).toBe(201);
  return { headers: bearer(body.token), id: body.id as string, token: body.token as string };
};

describe('who may do what', () => {
  it('asks for a token, and leaves only what auditors need open', async () => {
    const stranger = await post(`${api.url}/v1/sessions`, sessionTerms());
    expect([stranger.status, stranger.body.code]).toEqual([401, 'unauthenticated']);
    expect(stranger.headers.get('www-authenticate')).toContain('Bearer');
    for (const path of ['/livez', '/readyz', '/checkpoint', '/openapi.json', '/docs'])
      expect((await get(api.url + path)).status).toBe(200);
    for (const path of ['/metrics', '/v1/sessions', '/v1/keys'])
      expect((await get(api.url + path)).status).toBe(401);
  });

  it('keeps hashes of keys only, checks scopes, and ends a key at once', async () => {
    const reader = await newKey(['read']);
    expect((await get(`${api.url}/v1/sessions`, reader.headers)).status).toBe(200);
    expect((await post(`${api.url}/v1/sessions`, sessionTerms(), reader.headers)).body.code).toBe(
      'forbidden',
    );
    const { body } = await get(`${api.url}/v1/keys`, admin);
    expect(JSON.stringify(body)).not.toContain(reader.token.split('_')[2]);
    expect(
      (await fetch(`${api.url}/v1/keys/${reader.id}`, { method: 'DELETE', headers: admin })).status,
    ).toBe(204);
    expect((await get(`${api.url}/v1/sessions`, reader.headers)).status).toBe(401);
    const expired = await newKey(['read'], { expiresAtMs: Date.now() - 1 });
    expect((await get(`${api.url}/v1/sessions`, expired.headers)).status).toBe(401);
    for (const token of [
      `testigo_0000000000000000_${'A'.repeat(43)}`,
      'testigo_x',
      'nonsense',
      `${reader.token}x`,
    ]) {
      expect((await get(`${api.url}/v1/sessions`, bearer(token))).status).toBe(401);
    }
  });

  it("shows a deployer's key only that deployer's sessions", async () => {
    const scopes = ['sessions', 'detect', 'read', 'disclose', 'rights', 'review'];
    const a = await newKey(scopes, { deployer: 'bank-a' });
    const b = await newKey(scopes, { deployer: 'bank-b' });
    const sessionId = await openTestSession(api.url, a.headers, { deployer: 'bank-a' });
    expect((await get(`${api.url}/v1/sessions/${sessionId}`, a.headers)).body.deployer).toBe('bank-a');
    expect((await get(`${api.url}/v1/sessions/${sessionId}`, b.headers)).status).toBe(404);
    const image = (await facePicture()).toString('base64');
    const { body } = await post(`${api.url}/v1/detections`, { image, sessionId }, a.headers);
    expect((await post(`${api.url}/v1/detections`, { image, sessionId }, b.headers)).status).toBe(404);
    const evidence = `${api.url}/v1/records/${body.recordId}/evidence?disclose=label`;
    expect((await get(evidence, a.headers)).status).toBe(200);
    expect((await get(evidence, b.headers)).status).toBe(403);
    expect(
      (await post(`${api.url}/v1/sessions/${sessionId}/erasure`, { reason: 'x' }, b.headers)).status,
    ).toBe(404);
    expect((await get(`${api.url}/v1/sessions`, b.headers)).body.sessions).toEqual([]);
  });

  it('lets nobody widen their own limits with a key that they make', async () => {
    const limited = await newKey(['admin'], { deployer: 'bank-a' });
    const made = await post(`${api.url}/v1/keys`, { name: 'more', scopes: ['read'] }, limited.headers);
    expect(made.body.deployer).toBe('bank-a');
    const { body } = await get(`${api.url}/v1/keys`, limited.headers);
    const deployers = (body.keys as { deployer?: string }[]).map(({ deployer }) => deployer);
    expect(new Set(deployers)).toEqual(new Set(['bank-a']));
    const other = await newKey(['read']);
    const revoke = (id: string) =>
      fetch(`${api.url}/v1/keys/${id}`, { method: 'DELETE', headers: limited.headers });
    expect((await revoke(other.id)).status).toBe(404);
    expect((await get(`${api.url}/v1/sessions`, other.headers)).status).toBe(200);
    expect((await revoke(made.body.id as string)).status).toBe(204);
  });

  it('keeps the rights of subjects to those who have that role', async () => {
    const desk = await newKey(['sessions', 'detect', 'read', 'review', 'disclose']);
    const sessionId = await openTestSession(api.url, desk.headers);
    const url = `${api.url}/v1/sessions/${sessionId}`;
    const acts: [string, unknown][] = [
      [`${url}/erasure`, { reason: 'subject-request', overridingGround: 'gdpr-art-17' }],
      [`${url}/export`, { recipient: 'data-subject' }],
      [`${url}/holds`, { authority: 'court-a' }],
      [`${api.url}/v1/retention/purge`, {}],
    ];
    for (const [path, body] of acts) expect((await post(path, body, desk.headers)).status).toBe(403);
    const officer = await newKey(['rights']);
    expect((await post(`${url}/holds`, { authority: 'court-a' }, officer.headers)).status).toBe(201);
    const image = (await facePicture()).toString('base64');
    expect((await post(`${api.url}/v1/detections`, { image, sessionId }, officer.headers)).status).toBe(403);
  });

  it('opens committed fields only for the scope that says so', async () => {
    const owner = await newKey(['sessions', 'detect', 'read']);
    const sessionId = await openTestSession(api.url, owner.headers);
    const image = (await facePicture()).toString('base64');
    const { body } = await post(`${api.url}/v1/detections`, { image, sessionId }, owner.headers);
    const url = `${api.url}/v1/records/${body.recordId}/evidence`;
    expect((await get(url, owner.headers)).status).toBe(200);
    expect((await get(`${url}?disclose=label`, owner.headers)).body.code).toBe('forbidden');
  });

  it('takes JWTs of the configured issuer, and no others', async () => {
    const good = await signJwt({ scope: 'testigo:read openid' });
    expect((await get(`${api.url}/v1/sessions`, bearer(good))).status).toBe(200);
    expect((await post(`${api.url}/v1/sessions`, sessionTerms(), bearer(good))).status).toBe(403);
    const foreign = await signJwt({ scope: 'testigo:read' }, { issuer: 'https://evil.example.com' });
    const stale = await signJwt({ scope: 'testigo:read' }, { expires: '-1m' });
    const [head, payload] = good.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    for (const token of [foreign, stale, none, `${head}.${payload}.AAAA`]) {
      expect((await get(`${api.url}/v1/sessions`, bearer(token))).status).toBe(401);
    }
  });

  it('takes no JWT whose deployer claim says nothing it can hold to', async () => {
    const scope = 'testigo:read testigo:sessions';
    const known = await signJwt({ scope, deployer: 'bank-a' });
    expect((await get(`${api.url}/v1/sessions`, bearer(known))).status).toBe(200);
    for (const deployer of [['bank-a'], 7, null, '', 'Example Bank', {}]) {
      const { status, body } = await get(
        `${api.url}/v1/sessions`,
        bearer(await signJwt({ scope, deployer })),
      );
      expect([deployer, status, body.code]).toEqual([deployer, 401, 'unauthenticated']);
    }
  });

  it('does not start open to everybody on a public address', () => {
    const registry = { rpcUrl: 'http://127.0.0.1:1', address: `0x${'1'.repeat(40)}`, chainId: 1 };
    expect(() => parseConfig({ registry, server: { host: '0.0.0.0' } })).toThrow(/auth.mode/);
    expect(parseConfig({ registry, server: { host: '0.0.0.0' }, auth: { mode: 'required' } }).auth.mode).toBe(
      'required',
    );
  });
});

describe('a stream', () => {
  it('ends once its key is revoked', async () => {
    const { id, token, headers } = await newKey(['sessions', 'detect']);
    const sessionId = await openTestSession(api.url, headers);
    const { socket, waitForAnswers } = await openStream(api.url, sessionId, token);
    const ended = once(socket, 'close');
    const face = await facePicture();
    socket.send(face);
    expect((await waitForAnswers(1))[0]?.type).toBe('reading');
    await fetch(`${api.url}/v1/keys/${id}`, { method: 'DELETE', headers: admin });
    const frames = setInterval(() => socket.send(face), 200);
    const [code, reason] = (await ended) as [number, Buffer];
    clearInterval(frames);
    expect([code, String(reason)]).toEqual([1008, 'unauthenticated']);
  });

  it('is opened no more often than the rate limit lets', async () => {
    const { headers, token } = await newKey(['sessions', 'detect']);
    const sessionId = await openTestSession(api.url, headers);
    const open = (bearerToken: string) => tryStream(api.url, sessionId, bearerToken);
    const own = await Promise.all(Array.from({ length: 200 }, () => open(token)));
    expect(own.filter(({ status }) => status === 101)).toHaveLength(199);
    const refused = own.find(({ status }) => status !== 101);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
    expect(Number(refused?.retryAfter)).toBeGreaterThan(0);
    const guesses = await Promise.all(Array.from({ length: 220 }, (_, i) => open(`guess-${i}`)));
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([401, 429]));
  });
});

describe('rate limits', () => {
  it('count by caller and say what is left', async () => {
    const key = await newKey(['read']);
    const first = await get(`${api.url}/v1/sessions`, key.headers);
    expect(first.headers.get('ratelimit-policy')).toContain('q=200');
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => get(`${api.url}/v1/sessions`, key.headers)),
    );
    const limited = answers.find(({ status }) => status === 429);
    expect(limited?.body.code).toBe('rate-limited');
    expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0);
    const other = await newKey(['read']);
    expect((await get(`${api.url}/v1/sessions`, other.headers)).status).toBe(200);
  });
});

describe('bodies', () => {
  it('that one caller holds up are refused before they fill the memory, and others are still served', async () => {
    const own = await startTestApi(ground, {
      auth: { mode: 'required' },
      limits: { bodyBytes: 20_000, bufferedBytes: 80_000 },
    });
    const make = async (name: string) => bearer((await own.createKey({ name, scopes: ['detect'] })).token);
    const [greedy, other] = [await make('greedy'), await make('other')];
    const body = { image: 'A'.repeat(15_000) };
    const statusOf = async (headers: Record<string, string>) => {
      const answer = await post(`${own.url}/v1/detections`, body, headers);
      return [answer.status, answer.body.code];
    };
    const slow = request(`${own.url}/v1/detections`, {
      method: 'POST',
      headers: { ...greedy, 'content-type': 'application/json', 'content-length': 19_000 },
    });
    slow.on('error', () => {}).write(JSON.stringify(body).slice(0, 15_000));
    await expect.poll(() => statusOf(greedy), { timeout: 10_000 }).toEqual([503, 'overloaded']);
    expect(await statusOf(other)).toEqual([415, 'image-unsupported']);
    slow.destroy();
    await expect.poll(() => statusOf(greedy), { timeout: 10_000 }).toEqual([415, 'image-unsupported']);
    await own.discard();
  });

  it('are taken as they are, never inflated', async () => {
    const { headers } = await newKey(['detect']);
    const body = gzipSync(JSON.stringify({ image: 'AAAA' }));
    const response = await fetch(`${api.url}/v1/detections`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body,
    });
    expect([response.status, await response.json()]).toMatchObject([415, { code: 'unsupported-media-type' }]);
  });
});

describe('Idempotency-Key', () => {
  it('happens once a key, repeats the answer, and tells other requests apart', async () => {
    const { headers } = await newKey(['sessions', 'detect', 'read']);
    const sessionId = await openTestSession(api.url, headers);
    const face = await facePicture();
    const send = (picture: Buffer, key: string) =>
      post(
        `${api.url}/v1/detections`,
        { image: picture.toString('base64'), sessionId },
        { ...headers, 'idempotency-key': key },
      );
    const first = await send(face, 'frame-1');
    const again = await send(face, 'frame-1');
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await send(await emptyPicture(), 'frame-1')).body.code).toBe('idempotency-mismatch');
    const refused = await send(await emptyPicture(), 'frame-2');
    const refusedAgain = await send(await emptyPicture(), 'frame-2');
    expect([refusedAgain.body.code, refusedAgain.body.recordId]).toEqual(['no-face', refused.body.recordId]);
    const { body } = await get(`${api.url}/v1/sessions/${sessionId}/records`, headers);
    expect((body.records as unknown[]).length).toBe(3);
  });

  it('answers a second request under way with busy', async () => {
    const { headers } = await newKey(['sessions', 'detect']);
    const sessionId = await openTestSession(api.url, headers);
    const image = (await facePicture()).toString('base64');
    const send = () =>
      post(`${api.url}/v1/detections`, { image, sessionId }, { ...headers, 'idempotency-key': 'same' });
    const codes = (await Promise.all([send(), send(), send()])).map(({ status }) => status);
    expect(codes.filter((status) => status === 201).length).toBeGreaterThanOrEqual(1);
    expect(codes.every((status) => status === 201 || status === 409)).toBe(true);
  });
});

describe('browsers', () => {
  it('may call from listed origins only', async () => {
    const other = await startTestApi(ground, {
      server: { port: 0, corsOrigins: ['https://desk.example.com'] },
    });
    const from = (origin: string) =>
      fetch(`${other.url}/v1/detections`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const listed = await from('https://desk.example.com');
    expect([listed.status, listed.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://desk.example.com',
    ]);
    expect((await from('https://evil.example.com')).headers.get('access-control-allow-origin')).toBeNull();
    expect(
      (await sendPicture(other.url, await facePicture())).headers.get('content-security-policy'),
    ).toBeTruthy();
    await other.discard();
  });

  it('may send a picture as a form', async () => {
    const { headers } = await newKey(['detect']);
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(await facePicture())]), 'face.jpg');
    const response = await fetch(`${api.url}/v1/detections`, { method: 'POST', headers, body: form });
    expect(response.status).toBe(201);
    const empty = new FormData();
    empty.set('colour', 'red');
    expect((await fetch(`${api.url}/v1/detections`, { method: 'POST', headers, body: empty })).status).toBe(
      400,
    );
  });
});
