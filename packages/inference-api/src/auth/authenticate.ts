import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { token as codeSchema } from '../config/values.ts';
import type { ApiConfig } from '../config.ts';
import { ApiError } from '../errors.ts';
import type { ApiKeys } from './api-keys.ts';
import { type Principal, SCOPES, type Scope } from './principal.ts';

/** @throws ApiError unauthenticated, issuer-unreachable */
export type Authenticate = (authorization: string | undefined, address: string) => Promise<Principal>;

const EVERYTHING: ReadonlySet<Scope> = new Set(SCOPES);
const CLOCK_TOLERANCE_S = 5;

const rejectWith = (description: string): ApiError =>
  new ApiError('unauthenticated', description, {
    // RFC 6750 section 3.
    headers: { 'WWW-Authenticate': `Bearer realm="testigo", error="invalid_token"` },
  });

/** A claim that is there and says nothing must not count as no limit. */
const readDeployer = ({ deployer }: JWTPayload): string | undefined => {
  if (deployer === undefined) return undefined;
  const code = codeSchema.safeParse(deployer);
  if (!code.success) throw rejectWith("The token's deployer claim is no code.");
  return code.data;
};

const toPrincipal = (payload: JWTPayload, now: () => number): Principal => {
  const words = typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
  const scopes = new Set(SCOPES.filter((scope) => words.includes(`testigo:${scope}`)));
  if (payload.sub === undefined) throw rejectWith('The token names no subject.');
  const deployer = readDeployer(payload);
  const untilMs = ((payload.exp ?? 0) + CLOCK_TOLERANCE_S) * 1000;
  return {
    id: `jwt:${payload.iss}:${payload.sub}`,
    scopes,
    deployer,
    isCurrent: async () => now() < untilMs,
  };
};

/** The issuer's keys could not be had: that says nothing of the token, and a client must not throw it away. */
const isSilence = (error: unknown): boolean =>
  error instanceof errors.JWKSTimeout ||
  (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC') ||
  (error instanceof TypeError && error.message === 'fetch failed');

const createJwtVerifier = (
  config: NonNullable<ApiConfig['auth']['jwt']>,
  now: () => number,
): ((token: string) => Promise<Principal>) => {
  const keys = config.jwks
    ? createLocalJWKSet(config.jwks)
    : createRemoteJWKSet(new URL(config.jwksUri ?? ''), {
        timeoutDuration: 5_000,
        cooldownDuration: config.refetchAfterMs,
      });
  return async (token) => {
    try {
      // Asymmetric algorithms only: with HS256 allowed, a public key could pass for a shared secret.
      const { payload } = await jwtVerify(token, keys as ReturnType<typeof createRemoteJWKSet>, {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: ['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      return toPrincipal(payload, now);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (isSilence(error))
        throw new ApiError('issuer-unreachable', undefined, {
          cause: error,
          headers: { 'Retry-After': '5' },
        });
      if (error instanceof errors.JOSEError) throw rejectWith('The token does not verify.');
      throw error;
    }
  };
};

/** Bearer tokens: API keys by their prefix, JWTs otherwise. In open mode everybody on the loopback may do everything. */
export const createAuthenticator = (
  config: ApiConfig['auth'],
  keys: ApiKeys,
  now: () => number,
): Authenticate => {
  const verifyJwt = config.jwt ? createJwtVerifier(config.jwt, now) : undefined;
  return async (authorization, address) => {
    const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      if (config.mode === 'open' && authorization === undefined)
        return {
          id: `open:${address}`,
          scopes: EVERYTHING,
          deployer: undefined,
          isCurrent: async () => true,
        };
      throw new ApiError('unauthenticated', undefined, {
        headers: { 'WWW-Authenticate': 'Bearer realm="testigo"' },
      });
    }
    if (token.startsWith('testigo_')) {
      const key = await keys.verify(token);
      if (!key) throw rejectWith('The API key is unknown, expired or revoked.');
      return {
        id: `key:${key.id}`,
        scopes: new Set(key.scopes),
        deployer: key.deployer,
        isCurrent: async () => (await keys.verify(token)) !== undefined,
      };
    }
    if (!verifyJwt) throw rejectWith('This service takes API keys only.');
    return verifyJwt(token);
  };
};
