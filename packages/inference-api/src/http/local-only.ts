import type { IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiConfig } from '../config.ts';
import { ApiError } from '../errors.ts';
import { rejectUpgrade, sendRawProblem } from './raw-problem.ts';

/*
 * Where nobody is asked who they are, the loopback address is the only fence, and a browser on the same machine stands
 * inside it: a page from anywhere can post forms, open WebSockets and, by pointing its own name at 127.0.0.1 (DNS
 * rebinding), read the answers. Its requests tell themselves apart by the name they call and the page they come from.
 */

const hostnameOf = (url: string): string | undefined =>
  URL.canParse(url) ? new URL(url).hostname : undefined;

const isLoopback = (hostname: string | undefined): boolean =>
  hostname !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);

/** @throws ApiError foreign-origin for what a web page from elsewhere had a browser send */
export const checkLocal = ({ headers }: IncomingMessage, origins: readonly string[]): void => {
  const { host, origin } = headers;
  // Only HTTP/1.0 may leave the name out, and no browser speaks it.
  if (host !== undefined && !isLoopback(hostnameOf(`http://${host}`)))
    throw new ApiError('foreign-origin', 'The request calls this service by a name that is not local.');
  if (origin === undefined || origins.includes(origin)) return;
  if (origin !== `http://${host}` && origin !== `https://${host}`)
    throw new ApiError('foreign-origin', 'The request comes from a page of another origin.');
};

export type Entrance = {
  readonly handle: RequestListener;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

/** The same entrance behind that fence. */
export const admitLocalOnly = ({ handle, upgrade }: Entrance, origins: readonly string[]): Entrance => ({
  handle: (request, response) => {
    try {
      checkLocal(request, origins);
    } catch (error) {
      return sendRawProblem(request, response, error as ApiError);
    }
    handle(request, response);
  },
  upgrade: (request, socket, head) => {
    try {
      checkLocal(request, origins);
    } catch (error) {
      return rejectUpgrade(request, socket, error as ApiError);
    }
    upgrade(request, socket, head);
  },
});

/** A service that asks nobody who they are is for this machine's programs; any other is for whoever shows a key. */
export const fenceOf = (
  { auth, server }: Pick<ApiConfig, 'auth' | 'server'>,
  entrance: Entrance,
): Entrance => (auth.mode === 'open' ? admitLocalOnly(entrance, server.corsOrigins) : entrance);
