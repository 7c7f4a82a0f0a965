import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { sessionTerms } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

const SCOPES = ['sessions', 'detect', 'read', 'admin'] as const;
const ISSUER = 'https://id.example.com';

let ground: Ground;
let api: TestApi;
let signFor: (deployer: string) => Promise<Record<string, string>>;
beforeAll(async () => {
  ground = await prepareGround();
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256' };
  const jwt = { issuer: ISSUER, audience: 'testigo', jwks: { keys: [jwk] } };
  api = await startTestApi(ground, { auth: { mode: 'required', jwt } });
  signFor = async (deployer) => {
    const scope = SCOPES.map((name) => `testigo:${name}`).join(' ');
    const token = await new SignJWT({ scope, deployer })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(ISSUER)
      .setAudience('testigo')
      .setSubject('desk')
      .setExpirationTime('5m')
      .sign(privateKey);
    return { authorization: `Bearer ${token}` };
  };
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

const newKey = async (deployer?: string) => {
  const { token } = await api.createKey({ name: 'desk', scopes: SCOPES, deployer });
  return { authorization: `Bearer ${token}` };
};

const open = (headers: Record<string, string>, deployer: string | undefined) =>
  post(`${api.url}/v1/sessions`, { ...sessionTerms(), deployer }, headers);

describe.each([
  ['an API key', () => newKey('bank-a')],
  ['a JWT', () => signFor('bank-a')],
])('%s that is limited to a deployer', (_name, authorize) => {
  it('opens no session for another one, and nothing of it is on record', async () => {
    const headers = await authorize();
    const before = (await get(`${api.url}/checkpoint`)).body.text;
    for (const named of ['bank-b', 'bank-aa', 'bank']) {
      const { status, body } = await open({ ...headers, 'idempotency-key': named }, named);
      expect([named, status, body.code]).toEqual([named, 403, 'forbidden']);
      expect(body.detail).toContain('deployer');
    }
    const image = (await facePicture()).toString('base64');
    const single = await post(`${api.url}/v1/detections`, { image }, headers);
    expect([single.status, single.body.code]).toEqual([403, 'forbidden']);
    expect((await get(`${api.url}/checkpoint`)).body.text).toBe(before);
  });

  it('opens sessions for its own, named or not', async () => {
    const headers = await authorize();
    for (const named of ['bank-a', undefined])
      expect(await open(headers, named)).toMatchObject({ status: 201, body: { deployer: 'bank-a' } });
  });

  it('makes no key for another one', async () => {
    const headers = await authorize();
    const make = (deployer?: string) =>
      post(`${api.url}/v1/keys`, { name: 'more', scopes: ['read'], deployer }, headers);
    const refused = await make('bank-b');
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    for (const named of ['bank-a', undefined])
      expect(await make(named)).toMatchObject({ status: 201, body: { deployer: 'bank-a' } });
  });
});

describe('a session', () => {
  it('has a deployer, whoever opens it', async () => {
    const { status, body } = await open(await newKey(), undefined);
    expect([status, body.code]).toEqual([422, 'deployer-missing']);
  });

  it('is not handed to a token of another deployer with the answer that was kept for this one', async () => {
    const key = { 'idempotency-key': 'call-1' };
    const body = sessionTerms();
    const openAs = async (deployer: string) =>
      post(
        `${api.url}/v1/sessions`,
        { ...body, deployer: undefined },
        { ...(await signFor(deployer)), ...key },
      );
    expect((await openAs('bank-a')).body.deployer).toBe('bank-a');
    expect((await openAs('bank-a')).headers.get('idempotent-replayed')).toBe('true');
    expect((await openAs('bank-b')).body).toMatchObject({ code: 'idempotency-mismatch' });
  });
});
