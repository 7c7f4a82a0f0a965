import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { toApiError } from '../http/problem.ts';
import { hangUp, rejectUpgrade } from '../http/raw-problem.ts';
import type { ForwardParts } from './forward.ts';
import type { Writer } from './term.ts';
import {
  callReplica,
  checkNotForwarded,
  endToEnd,
  type FindWriter,
  onSuccession,
  withWriter,
} from './upstream.ts';

const startOf = ({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string => {
  const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n`;
};

const join = (one: Duplex, other: Duplex): void => {
  one.pipe(other).pipe(one);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.once('error', () => to.destroy()).once('close', () => to.destroy());
  }
};

const connect = (
  find: FindWriter,
  writer: Writer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const upgrade = request.headers.upgrade ?? 'websocket';
    const headers = { ...endToEnd(request.headers), connection: 'Upgrade', upgrade };
    const sent = callReplica(writer.url, { path: request.url, headers, agent: false });
    sent.once('error', reject);
    sent.once('response', (refusal) => {
      // The writer ends the connection with its refusal, so the body needs no framing of ours.
      socket.write(startOf(refusal));
      refusal.pipe(socket);
      refusal.once('close', () => hangUp(socket));
      resolve();
    });
    sent.once('upgrade', (accepted, upstream, first) => {
      socket.write(startOf(accepted));
      if (first.length > 0) socket.write(first);
      if (head.length > 0) upstream.write(head);
      join(upstream, socket);
      socket.once(
        'close',
        onSuccession(find, writer, () => socket.destroy()),
      );
      resolve();
    });
    sent.end();
  });

/** Joins a stream's socket with the writer; a stream ends with the writer it runs to. */
export const createTunnel =
  ({ writer, waitMs }: Pick<ForwardParts, 'writer' | 'waitMs'>) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    const open = async (): Promise<void> => {
      checkNotForwarded(request);
      await withWriter(writer, waitMs, (found) => connect(writer, found, request, socket, head));
    };
    open().catch((thrown: unknown) => rejectUpgrade(request, socket, toApiError(thrown)));
  };
