import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, sendPicture } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { anchoringWith, type Ground, prepareGround, startTestApi } from './support/world.ts';

let ground: Ground;
let folder: string;
beforeAll(async () => {
  ground = await prepareGround();
  folder = mkdtempSync(join(tmpdir(), 'testigo-transport-'));
});
afterAll(async () => {
  await ground.stop();
  rmSync(folder, { recursive: true, force: true });
});

const makeCertificate = (): { certFile: string; keyFile: string } => {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const args = ['req', '-x509', ...key, ...subject, '-keyout', keyFile, '-out', certFile];
  execFileSync('openssl', args, { stdio: 'pipe' });
  return { certFile, keyFile };
};

const getOverTls = (url: string, options: object): Promise<number | string | undefined> =>
  new Promise((resolve) => {
    request(url, options, (response) => resolve(response.statusCode))
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      .end();
  });

describe('TLS', () => {
  it('is served with the given certificate, from version 1.2', async () => {
    const tls = makeCertificate();
    const api = await startTestApi(ground, { server: { port: 0, tls } });
    expect(api.url).toMatch(/^https:/);
    const ca = readFileSync(tls.certFile);
    expect(await getOverTls(`${api.url}/livez`, { ca })).toBe(200);
    const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await getOverTls(`${api.url}/livez`, old)).toMatch(/^(ERR_SSL|ECONNRESET|EPROTO)/);
    expect(await getOverTls(`${api.url}/livez`, {})).toMatch(/CERT|SELF_SIGNED/);
    await api.discard();
  });
});

describe('OpenID Connect', () => {
  it("follows the issuer's keys as they are rotated", async () => {
    const makeKey = async (kid: string) => {
      const pair = await generateKeyPair('ES256', { extractable: true });
      const jwk = { ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid };
      const sign = () =>
        new SignJWT({ scope: 'testigo:read' })
          .setProtectedHeader({ alg: 'ES256', kid })
          .setIssuer('https://id.example.com')
          .setAudience('testigo')
          .setSubject('desk-1')
          .setExpirationTime('5m')
          .sign(pair.privateKey);
      return { jwk, sign };
    };
    const [first, second] = [await makeKey('k1'), await makeKey('k2')];
    let served = [first.jwk];
    const issuer = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: served }));
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const jwksUri = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
    const jwt = { issuer: 'https://id.example.com', audience: 'testigo', jwksUri, refetchAfterMs: 0 };
    const api = await startTestApi(ground, { auth: { mode: 'required', jwt } });
    const statusFor = async (token: string): Promise<number> =>
      (await get(`${api.url}/v1/sessions`, { authorization: `Bearer ${token}` })).status;

    const old = await first.sign();
    expect(await statusFor(old)).toBe(200);
    expect(await statusFor(await second.sign())).toBe(401);
    served = [second.jwk];
    expect(await statusFor(await second.sign())).toBe(200);
    expect(await statusFor(old)).toBe(401);
    await api.discard();
    issuer.close();
  });

  it('says of a silent issuer that it is silent, not that the token is wrong', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const token = await new SignJWT({ scope: 'testigo:read' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setExpirationTime('5m')
      .sign(privateKey);
    const broken = createServer((_request, response) => response.writeHead(502).end());
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const { port } = broken.address() as AddressInfo;
    for (const jwksUri of [`http://127.0.0.1:${port}/jwks`, 'http://127.0.0.1:1/jwks']) {
      const jwt = { issuer: 'https://id.example.com', audience: 'testigo', jwksUri };
      const api = await startTestApi(ground, { auth: { mode: 'required', jwt } });
      const { status, headers, body } = await get(`${api.url}/v1/sessions`, {
        authorization: `Bearer ${token}`,
      });
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'issuer-unreachable', '5']);
      await api.discard();
    }
    broken.close();
  });
});

describe('answers', () => {
  it('of records have an ETag, and 304 where nothing changed', async () => {
    const api = await startTestApi(ground);
    const { body } = await sendPicture(api.url, await facePicture());
    const url = `${api.url}/v1/records/${body.recordId}`;
    const etag = (await get(url)).headers.get('etag') ?? '';
    expect(etag).toBe(`"${body.recordHash}"`);
    expect((await get(url, { 'if-none-match': etag })).status).toBe(304);
    expect((await get(url, { 'if-none-match': '"other"' })).status).toBe(200);
    await api.discard();
  });

  it('are not waited for where nothing was asked', async () => {
    const api = await startTestApi(ground, { server: { port: 0, drainMs: 60_000 } });
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.on('data', (part) => {
      received += String(part);
    });
    await once(socket, 'connect');
    // It answers others: the socket was taken in before.
    await get(`${api.url}/livez`);
    const ended = once(socket, 'close');
    await api.discard();
    await ended;
    // A server that waits says 408 once the time for headers is over.
    expect(received).toBe('');
  });

  it('that stay open are no more than the service has room for', async () => {
    const limits = { streams: 2 };
    const api = await startTestApi(ground, { anchoring: anchoringWith(ground), limits });
    const { body } = await sendPicture(api.url, await facePicture());
    const leave = new AbortController();
    const follow = (signal?: AbortSignal) =>
      fetch(`${api.url}/v1/records/${body.recordId}/anchoring`, signal ? { signal } : {});
    const first = [await follow(leave.signal), await follow(leave.signal)];
    expect(first.map(({ status }) => status)).toEqual([200, 200]);
    const third = await follow();
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await third.json()).toMatchObject({ code: 'overloaded' });
    leave.abort();
    await expect.poll(async () => (await follow()).status, { timeout: 10_000 }).toBe(200);
    await api.discard();
  });

  it('that stay open, as events of an anchoring do, end with the service', async () => {
    const api = await startTestApi(ground, {
      anchoring: anchoringWith(ground),
      server: { port: 0, drainMs: 60_000 },
    });
    const { body } = await sendPicture(api.url, await facePicture());
    const events = await fetch(`${api.url}/v1/records/${body.recordId}/anchoring`);
    expect(events.headers.get('content-type')).toContain('text/event-stream');
    // It would take the minute of drainMs, and this test's time is shorter.
    await api.discard();
    expect(await events.text()).toContain('"state":"pending"');
  });

  it('that are under way are given before a shutdown ends, and are on record', async () => {
    const api = await startTestApi(ground);
    const face = await facePicture();
    const answers = Array.from({ length: 6 }, () => sendPicture(api.url, face));
    await answers[0];
    await api.close();
    const settled = (await Promise.allSettled(answers)).flatMap((one) =>
      one.status === 'fulfilled' ? [one.value] : [],
    );
    expect(settled.length).toBeGreaterThan(1);
    const again = await startTestApi(ground, { dataDir: api.dataDir });
    for (const { status, body } of settled) {
      expect(status).toBe(201);
      expect((await get(`${again.url}/v1/records/${body.recordId}`)).status).toBe(200);
    }
    await again.discard();
  });
});
