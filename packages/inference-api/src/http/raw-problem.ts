import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiError } from '../errors.ts';
import { toProblem } from './problem.ts';

// Problems that are answered before, or without, the Express application.

/** W3C trace-context: a caller's trace id is kept, so that one id finds the call in both systems' logs. */
export const readTraceId = (header: string | undefined): string =>
  /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(header ?? '')?.[1] ?? randomBytes(16).toString('hex');

const traceIdOf = ({ headers }: IncomingMessage): string =>
  readTraceId(headers.traceparent as string | undefined);

const headersOf = (error: ApiError, traceId: string): Record<string, string> => ({
  ...error.headers,
  'Content-Type': 'application/problem+json',
  'X-Trace-Id': traceId,
  // The rest of the request may not have been read.
  Connection: 'close',
});

/** Where an answer has begun already, the connection ends. */
export const sendRawProblem = (request: IncomingMessage, response: ServerResponse, error: ApiError): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const traceId = traceIdOf(request);
  response.writeHead(error.httpStatus, headersOf(error, traceId));
  response.end(JSON.stringify(toProblem(error, traceId)));
};

const LINGER_MS = 1_000;

/**
 * For a socket that was taken out of the HTTP server's hands, whose time limits hold for it no more: the last word is
 * said, and who does not hang up is cut off. What still comes is read, or the end of it would not be seen.
 */
export const hangUp = (socket: Duplex): void => {
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late)).resume();
};

/** Not a WebSocket yet: the refusal is a plain HTTP answer. */
export const rejectUpgrade = (request: IncomingMessage, socket: Duplex, error: ApiError): void => {
  const traceId = traceIdOf(request);
  const body = JSON.stringify(toProblem(error, traceId));
  const headers = { ...headersOf(error, traceId), 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${error.httpStatus} ${error.code}\r\n${lines.join('')}\r\n${body}`);
  hangUp(socket);
};
