import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { ApiConfig } from '../config.ts';
import { ApiError } from '../errors.ts';
import type { ApiKeys } from './api-keys.ts';
import { type Principal, SCOPES, type Scope } from './principal.ts';

/** @throws ApiError unauthenticated */
export type Authenticate = (authorization: string | undefined, address: string) => Promise<Principal>;

const EVERYTHING: ReadonlySet<Scope> = new Set(SCOPES);

const rejectWith = (description: string): ApiError =>
  new ApiError('unauthenticated', description, {
    // RFC 6750 section 3.
    headers: { 'WWW-Authenticate': `Bearer realm="testigo", error="invalid_token"` },
  });

const toPrincipal = (payload: JWTPayload): Principal => {
  const words = typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
  const scopes = new Set(SCOPES.filter((scope) => words.includes(`testigo:${scope}`)));
  if (payload.sub === undefined) throw rejectWith('The token names no subject.');
  const deployer = typeof payload.deployer === 'string' ? payload.deployer : undefined;
  return { id: `jwt:${payload.iss}:${payload.sub}`, scopes, deployer };
};

const createJwtVerifier = (
  config: NonNullable<ApiConfig['auth']['jwt']>,
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
        clockTolerance: 5,
      });
      return toPrincipal(payload);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (error instanceof errors.JOSEError) throw rejectWith('The token does not verify.');
      throw error;
    }
  };
};

/** Bearer tokens: API keys by their prefix, JWTs otherwise. In open mode everybody on the loopback may do everything. */
export const createAuthenticator = (config: ApiConfig['auth'], keys: ApiKeys): Authenticate => {
  const verifyJwt = config.jwt ? createJwtVerifier(config.jwt) : undefined;
  return async (authorization, address) => {
    const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      if (config.mode === 'open' && authorization === undefined)
        return { id: `open:${address}`, scopes: EVERYTHING, deployer: undefined };
      throw new ApiError('unauthenticated', undefined, {
        headers: { 'WWW-Authenticate': 'Bearer realm="testigo"' },
      });
    }
    if (token.startsWith('testigo_')) {
      const key = await keys.verify(token);
      if (!key) throw rejectWith('The API key is unknown, expired or revoked.');
      return { id: `key:${key.id}`, scopes: new Set(key.scopes), deployer: key.deployer };
    }
    if (!verifyJwt) throw rejectWith('This service takes API keys only.');
    return verifyJwt(token);
  };
};
