import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestOverTls, Agent as TlsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../errors.ts';
import type { Writer } from './term.ts';

/** Says that a replica passed the request on: two that take each other for the writer must not play ball with it. */
const FORWARDED = 'x-testigo-forwarded';
const RETRY_AFTER = { headers: { 'Retry-After': '1' } };
const LOOK_MS = 25;
const SUCCESSION_LOOK_MS = 100;

/** RFC 9110 section 7.6.1: these belong to one connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export type Headers = Readonly<Record<string, string | string[]>>;

/** What a message's headers say to the end, not to the next connection. */
export const endToEnd = (headers: IncomingMessage['headers']): Headers =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) || name === 'host' ? [] : [[name, value]],
    ),
  );

const agent = new Agent({ keepAlive: true });
const tlsAgent = new TlsAgent({ keepAlive: true });

/** Begins a request to another replica. */
export const callReplica = (base: string, options: RequestOptions & { headers: Headers }): ClientRequest => {
  const { protocol, hostname, port } = new URL(base);
  const headers = { ...options.headers, [FORWARDED]: '1' };
  const isTls = protocol === 'https:';
  const place = { agent: isTls ? tlsAgent : agent, ...options, headers, protocol, hostname, port };
  return isTls ? requestOverTls(place) : request(place);
};

/** @throws ApiError writer-unknown where another replica passed the request on already */
export const checkNotForwarded = ({ headers }: IncomingMessage): void => {
  if (headers[FORWARDED] === undefined) return;
  throw new ApiError('writer-unknown', 'The replica that was asked does not write any more.', RETRY_AFTER);
};

export type FindWriter = () => Writer | undefined;

/** Calls back once another term began than this writer's: what still waits for it, waits in vain. */
export const onSuccession = (find: FindWriter, { epoch }: Writer, then: () => void): (() => void) => {
  const look = setInterval(() => {
    if ((find()?.epoch ?? epoch) === epoch) return;
    clearInterval(look);
    then();
  }, SUCCESSION_LOOK_MS);
  return () => clearInterval(look);
};

/** Calls the writer as soon as there is one that can be reached. @throws ApiError writer-unknown, writer-lost */
export const withWriter = async <T>(
  find: FindWriter,
  waitMs: number,
  call: (writer: Writer) => Promise<T>,
): Promise<T> => {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const writer = find();
    let cause: unknown;
    try {
      if (writer && writer.url !== '') return await call(writer);
    } catch (error) {
      // Nothing reached the other side, so it is safe to ask again, there or elsewhere.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED')
        throw new ApiError('writer-lost', undefined, { cause: error });
      cause = error;
    }
    if (performance.now() >= deadline)
      throw new ApiError('writer-unknown', undefined, { ...RETRY_AFTER, cause });
    await sleep(LOOK_MS);
  }
};
