import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticate } from '../auth/authenticate.ts';
import { type Principal, tenantOf } from '../auth/principal.ts';
import { ApiError } from '../errors.ts';
import { toApiError } from '../http/problem.ts';
import { addressOf, type RateLimit } from '../http/rate-limit.ts';
import { readTraceId, rejectUpgrade } from '../http/raw-problem.ts';
import { releaseWith, type StreamSlots } from '../http/stream-slots.ts';
import type { Logger } from '../logging.ts';
import type { SessionService } from '../sessions/session-service.ts';
import { readTraceContext } from '../tracing/spans.ts';
import {
  type FrameChannel,
  FrameStream,
  type FrameStreamCaller,
  type FrameStreamParts,
} from './frame-stream.ts';

export type StreamServerParts = FrameStreamParts & {
  readonly authenticate: Authenticate;
  readonly rate: RateLimit;
  /** Reverse proxies whose X-Forwarded-For counts. */
  readonly trustedHops: number;
  readonly sessions: SessionService;
  readonly frameBytes: number;
  readonly slots: StreamSlots;
  readonly pingMs: number;
  readonly logger: Logger;
};

export type StreamServer = {
  /** For the HTTP server's upgrade event. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly open: () => number;
  /** Answers what was accepted, then says goodbye (RFC 6455: 1001, going away). */
  close(): Promise<void>;
};

const PATH = /^\/v1\/sessions\/([0-9a-f]{32})\/frames$/;
export const STREAM_PROTOCOL = 'testigo.frames.v1';
const BEARER_PROTOCOL = 'testigo.bearer.';

const protocolsOf = (request: IncomingMessage): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());

/** Browsers cannot set headers on a WebSocket: they send the token as a second subprotocol, which is never echoed. */
const authorizationOf = (request: IncomingMessage): string | undefined => {
  const offered = protocolsOf(request).find((name) => name.startsWith(BEARER_PROTOCOL));
  return offered ? `Bearer ${offered.slice(BEARER_PROTOCOL.length)}` : request.headers.authorization;
};

const keepAlive = (sockets: Set<WebSocket>, pingMs: number): NodeJS.Timeout => {
  const silent = new WeakSet<WebSocket>();
  return setInterval(() => {
    for (const socket of sockets) {
      if (silent.has(socket)) {
        socket.terminate();
        continue;
      }
      silent.add(socket);
      socket.once('pong', () => silent.delete(socket));
      socket.ping();
    }
  }, pingMs).unref();
};

const channelOf = (socket: WebSocket): FrameChannel => ({
  isOpen: () => socket.readyState === socket.OPEN,
  bufferedBytes: () => socket.bufferedAmount,
  send: (text) => socket.send(text),
  end: (code, reason) => socket.close(code, reason),
  pause: () => socket.pause(),
  resume: () => {
    if (socket.isPaused) socket.resume();
  },
});

const pictureOf = (data: Buffer, isBinary: boolean): Buffer => {
  if (isBinary) return data;
  throw new ApiError('unsupported-media-type', 'Frames are binary messages: one JPEG, PNG or WebP each.');
};

/** Binary frames over `/v1/sessions/{id}/frames`. */
export const serveStreams = (parts: StreamServerParts): StreamServer => {
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: parts.frameBytes,
    // Pictures are compressed already; inflating on a stranger's behalf is only a way to be attacked.
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(STREAM_PROTOCOL) ? STREAM_PROTOCOL : false),
  });
  const streams = new Map<WebSocket, FrameStream>();
  const timer = keepAlive(webSockets.clients as Set<WebSocket>, parts.pingMs);

  /** Counts every attempt, also those of strangers, as every other request is counted. */
  const identify = async (request: IncomingMessage): Promise<Principal> => {
    const address = addressOf(request, parts.trustedHops);
    const principal = await parts
      .authenticate(authorizationOf(request), address)
      .catch(async (error: unknown) => {
        await parts.rate.countUpgrade(undefined, address);
        throw error;
      });
    await parts.rate.countUpgrade(principal, address);
    return principal;
  };

  const findCaller = async (request: IncomingMessage, traceId: string): Promise<FrameStreamCaller> => {
    const [path = ''] = (request.url ?? '').split('?');
    const sessionId = PATH.exec(path)?.[1];
    if (sessionId === undefined) throw new ApiError('not-found');
    const principal = await identify(request);
    if (!principal.scopes.has('detect')) throw new ApiError('forbidden', 'This needs the scope detect.');
    const trace = readTraceContext(request.headers);
    const { deployer, isCurrent } = principal;
    return { sessionId, deployer, tenant: tenantOf(principal), isCurrent, traceId, trace };
  };

  const admit = async (
    request: IncomingMessage,
    socket: Duplex,
    traceId: string,
  ): Promise<FrameStreamCaller> => {
    const caller = await findCaller(request, traceId);
    // Before anything is waited for: many that ask at once must not all find the same room.
    const release = parts.slots.take(caller.tenant);
    releaseWith(socket, release);
    try {
      const session = await parts.sessions.find(caller.sessionId, caller.deployer);
      if (session.closedAtMs !== undefined) throw new ApiError('session-closed');
      return caller;
    } catch (error) {
      // Its socket may stay open for as long as the other side likes.
      release();
      throw error;
    }
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const traceId = readTraceId(request.headers.traceparent as string | undefined);
    // A socket that fails while it is being admitted must not take the process along.
    socket.on('error', () => socket.destroy());
    admit(request, socket, traceId).then(
      (caller) =>
        webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          webSocket.on('error', (error) =>
            parts.logger.debug({ err: error, trace: { id: traceId } }, 'stream failed'),
          );
          webSocket.on('close', () => streams.delete(webSocket));
          const stream = new FrameStream(channelOf(webSocket), parts, caller);
          webSocket.on('message', (data, isBinary) =>
            stream.accept(() => pictureOf(data as Buffer, isBinary)),
          );
          streams.set(webSocket, stream);
        }),
      (thrown: unknown) => {
        const error = toApiError(thrown);
        parts.logger.info({ error: { code: error.code }, trace: { id: traceId } }, 'stream refused');
        rejectUpgrade(request, socket, error);
      },
    );
  };

  return {
    upgrade,
    open: () => streams.size,
    close: async () => {
      clearInterval(timer);
      for (const webSocket of streams.keys()) webSocket.pause();
      await Promise.all([...streams.values()].map((stream) => stream.drain()));
      for (const webSocket of streams.keys()) webSocket.close(1001, 'shutting down');
      webSockets.close();
      setTimeout(() => {
        for (const webSocket of webSockets.clients) webSocket.terminate();
      }, 1_000).unref();
    },
  };
};
