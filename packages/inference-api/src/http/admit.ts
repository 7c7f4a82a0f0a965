import type { RequestHandler } from 'express';
import type { Authenticate } from '../auth/authenticate.ts';
import type { RateLimit } from './rate-limit.ts';

/** Finds out who asks; a failure is thrown only where the endpoint needs to know. */
const identify =
  (authenticate: Authenticate): RequestHandler =>
  async (request, response, next) => {
    try {
      response.locals.principal = await authenticate(request.get('authorization'), request.ip ?? '');
    } catch (error) {
      response.locals.authError = error;
    }
    next();
  };

export type Cors = { readonly origins: readonly string[] };

/** Fetch standard, CORS protocol: only listed origins, never credentials, since nothing here uses cookies. */
export const allowOrigins =
  ({ origins }: Cors): RequestHandler =>
  (request, response, next) => {
    const origin = request.get('origin');
    response.vary('Origin');
    if (origin === undefined || !origins.includes(origin)) return next();
    response.set({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers':
        'Location, ETag, Retry-After, RateLimit, RateLimit-Policy, X-Trace-Id, Idempotent-Replayed',
    });
    if (request.method !== 'OPTIONS' || request.get('access-control-request-method') === undefined)
      return next();
    response.set({
      'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, DELETE',
      'Access-Control-Allow-Headers':
        'Authorization, Content-Type, Idempotency-Key, If-None-Match, Traceparent',
      'Access-Control-Max-Age': '600',
    });
    response.status(204).end();
  };

export const admitCallers = (authenticate: Authenticate, rate: RateLimit): RequestHandler[] => [
  identify(authenticate),
  rate.limit,
];
