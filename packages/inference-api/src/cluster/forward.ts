import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticate } from '../auth/authenticate.ts';
import { ApiError } from '../errors.ts';
import { type BodyBudget, type BodyHold, bodyRefusal } from '../http/body-budget.ts';
import { toApiError } from '../http/problem.ts';
import { sendRawProblem } from '../http/raw-problem.ts';
import type { Logger } from '../logging.ts';
import type { Writer } from './term.ts';
import {
  callReplica,
  checkNotForwarded,
  endToEnd,
  type FindWriter,
  onSuccession,
  withWriter,
} from './upstream.ts';

export type ForwardParts = {
  /** As of the last look. */
  readonly writer: FindWriter;
  /** How long a request waits for one. */
  readonly waitMs: number;
  readonly bodyBytes: number;
  readonly bodyBudget: BodyBudget;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
};

const ANSWER_TIMEOUT_MS = 60_000;

/** Whether only the writer can answer. */
export const wantsRecording = ({ method = 'GET' }: IncomingMessage): boolean =>
  !['GET', 'HEAD', 'OPTIONS'].includes(method);

const readBody = async (request: IncomingMessage, limit: number, hold: BodyHold): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) throw new ApiError('body-too-large');
    if (!hold.add(chunk.length)) throw bodyRefusal();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const send = (
  find: FindWriter,
  writer: Writer,
  request: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { method, url: path } = request;
    const headers = { ...endToEnd(request.headers), 'content-length': String(body.length) };
    const sent = callReplica(writer.url, { method, path, headers, timeout: ANSWER_TIMEOUT_MS });
    const giveUp = () => sent.destroy(new Error('the writer does not answer'));
    const forget = onSuccession(find, writer, giveUp);
    sent.once('response', resolve).once('error', reject).once('timeout', giveUp).once('close', forget);
    sent.end(body);
  });

/**
 * Passes a request on to the writer, and its answer back. The body is kept until then, since the writer may change; so
 * nothing of it is read for a stranger, as the writer itself would not either.
 */
export const createForwarder = (parts: ForwardParts) => {
  const { writer, waitMs, logger } = parts;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkNotForwarded(request);
    const address = request.socket.remoteAddress ?? '';
    const caller = await parts.authenticate(request.headers.authorization, address);
    const hold = parts.bodyBudget.hold(caller.id);
    response.once('close', hold.release);
    const body = await readBody(request, parts.bodyBytes, hold);
    const answered = await withWriter(writer, waitMs, (found) => send(writer, found, request, body));
    response.writeHead(answered.statusCode ?? 502, endToEnd(answered.headers));
    answered.once('error', () => response.destroy());
    answered.pipe(response);
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((thrown: unknown) => {
      const error = toApiError(thrown);
      logger.info({ error: { code: error.code } }, 'a request could not be passed on');
      sendRawProblem(request, response, error);
    });
  };
};
