import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it } from 'vitest';
import type { ApiKeys } from './api-keys.ts';
import { createAuthenticator } from './authenticate.ts';

const noKeys = { verify: async () => undefined } as unknown as ApiKeys;

it('knows of a token when it counts no more', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256' };
  const jwt = { issuer: 'i', audience: 'a', refetchAfterMs: 0, jwks: { keys: [jwk] } };
  const expiresAt = Math.floor(Date.now() / 1000) + 60;
  const token = await new SignJWT({ scope: 'testigo:detect' })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('i')
    .setAudience('a')
    .setSubject('desk')
    .setExpirationTime(expiresAt)
    .sign(privateKey);
  let nowMs = Date.now();
  const authenticate = createAuthenticator({ mode: 'required', jwt }, noKeys, () => nowMs);
  const principal = await authenticate(`Bearer ${token}`, '');
  expect(await principal.isCurrent()).toBe(true);
  nowMs = (expiresAt + 4) * 1000;
  expect(await principal.isCurrent()).toBe(true);
  nowMs = (expiresAt + 6) * 1000;
  expect(await principal.isCurrent()).toBe(false);
});
