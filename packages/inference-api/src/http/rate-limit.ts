import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { ipKeyGenerator, MemoryStore, rateLimit } from 'express-rate-limit';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../errors.ts';

export type RateLimit = {
  /** For HTTP requests: reads `response.locals.principal`. */
  readonly limit: RequestHandler;
  /** For a request to open a WebSocket, which Express never sees. @throws ApiError rate-limited */
  countUpgrade(principal: Principal | undefined, address: string): Promise<void>;
};

const WINDOW_MS = 60_000;

/** By caller, or for strangers by address, of IPv6 by its network. */
const keyOf = (principal: Principal | undefined, address: string): string =>
  principal ? principal.id : `ip:${address}`;

/** draft-ietf-httpapi-ratelimit-headers-08; both doors count in one place. */
export const createRateLimit = (requestsPerMinute: number): RateLimit => {
  const store = new MemoryStore();
  const limit = rateLimit({
    windowMs: WINDOW_MS,
    limit: requestsPerMinute,
    store,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'per-caller',
    keyGenerator: (request, response) =>
      keyOf(response.locals.principal as Principal | undefined, ipKeyGenerator(request.ip ?? '')),
    handler: () => {
      throw new ApiError('rate-limited');
    },
  });
  return {
    limit,
    countUpgrade: async (principal, address) => {
      const { totalHits, resetTime } = await store.increment(keyOf(principal, ipKeyGenerator(address)));
      if (totalHits <= requestsPerMinute) return;
      const waitMs = (resetTime?.getTime() ?? Date.now() + WINDOW_MS) - Date.now();
      const seconds = Math.max(1, Math.ceil(waitMs / 1000));
      throw new ApiError('rate-limited', undefined, { headers: { 'Retry-After': String(seconds) } });
    },
  };
};

/** As Express reads it: the address that the outermost trusted proxy saw, or the socket's own. */
export const addressOf = ({ headers, socket }: IncomingMessage, trustedHops: number): string => {
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const hops = [socket.remoteAddress ?? '', ...forwarded.reverse()];
  return hops[Math.min(trustedHops, hops.length - 1)] ?? '';
};
