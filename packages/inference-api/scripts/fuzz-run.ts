import { WebSocket } from 'ws';
import { openTestSession, sessionTerms } from '../test/support/sessions.ts';
import {
  createRandom,
  damage,
  hostileHeaders,
  hostileJson,
  hostilePath,
  type Random,
} from './fuzz-inputs.ts';

export type FuzzReport = {
  readonly sent: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly breaches: readonly string[];
};

/** Answers that are right on hostile input: success where the damage did no harm, or a client error with a code. */
const judge = async (response: Response, what: string): Promise<string | undefined> => {
  const text = await response.text();
  if (response.status < 400) return undefined;
  if (response.status >= 500) return `${what}: ${response.status} ${text.slice(0, 200)}`;
  // Node's own parser answers what is no HTTP at all, before any of our code runs.
  if (text === '' && (response.status === 400 || response.status === 431)) return undefined;
  const isProblem = (response.headers.get('content-type') ?? '').startsWith('application/problem+json');
  const code = isProblem ? (JSON.parse(text) as { code?: unknown }).code : undefined;
  return typeof code === 'string'
    ? undefined
    : `${what}: ${response.status} without a code: ${text.slice(0, 200)}`;
};

type Target = { readonly url: string; readonly pictures: readonly Buffer[]; readonly sessionId: string };

const requestOf = (
  { url, pictures, sessionId }: Target,
  random: Random,
): { what: string; request: Request } => {
  const postTo = (
    path: string,
    what: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers = hostileHeaders(random),
  ) => ({
    what,
    request: new Request(url + path, { method: 'POST', headers, body }),
  });
  const kind = random.below(10);
  if (kind < 5) {
    const image = damage(random.pick(pictures), random).toString('base64');
    return postTo('/v1/detections', 'damaged picture', JSON.stringify({ image, sessionId }), {
      'content-type': 'application/json',
    });
  }
  if (kind === 5)
    return postTo('/v1/detections', 'detection JSON', hostileJson({ image: 'AAAA', sessionId }, random));
  if (kind === 6) return postTo('/v1/sessions', 'session JSON', hostileJson(sessionTerms(), random));
  if (kind === 7) {
    const form = hostileJson({ reviewer: 'r', factReference: 'f', decision: 'd' }, random);
    return postTo(`/v1/detections/${'0'.repeat(32)}/review`, 'review JSON', form);
  }
  if (kind === 8) {
    const path = random.pick(['/v1/detections', '/v1/keys', `/v1/sessions/${sessionId}/holds`]);
    return postTo(path, 'random bytes', new Uint8Array(random.bytes(random.below(400))));
  }
  const method = random.pick(['GET', 'GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
  return { what: 'path', request: new Request(url + hostilePath('0'.repeat(32), random), { method }) };
};

export const fuzzHttp = async (
  url: string,
  pictures: readonly Buffer[],
  count: number,
  seed: string,
): Promise<FuzzReport> => {
  const random = createRandom(seed);
  const target = { url, pictures, sessionId: await openTestSession(url) };
  const statuses: Record<string, number> = {};
  const breaches: string[] = [];
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < count) {
      const number = sent++;
      const { what, request } = requestOf(target, random);
      try {
        const response = await fetch(request);
        statuses[response.status] = (statuses[response.status] ?? 0) + 1;
        const breach = await judge(
          response,
          `#${number} ${what} ${request.method} ${new URL(request.url).pathname.slice(0, 80)}`,
        );
        if (breach) breaches.push(breach);
      } catch (error) {
        breaches.push(
          `#${number} ${what}: no answer (${error instanceof Error ? String(error.cause ?? error) : error})`,
        );
      }
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return { sent, statuses, breaches };
};

/** Damaged frames over one socket: each gets an answer, none ends the stream. */
export const fuzzStream = async (
  url: string,
  pictures: readonly Buffer[],
  count: number,
  seed: string,
): Promise<FuzzReport> => {
  const random = createRandom(seed);
  const sessionId = await openTestSession(url);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`);
  const statuses: Record<string, number> = {};
  const breaches: string[] = [];
  let answered = 0;
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => {
      breaches.push(`the stream ended with ${code} after ${answered} answers`);
      resolve();
    });
    socket.on('message', (data) => {
      const { type, problem } = JSON.parse(String(data)) as {
        type: string;
        problem?: { status: number; code?: string };
      };
      if (type !== 'reading' && type !== 'refused') return;
      const key = String(problem?.status ?? 'reading');
      statuses[key] = (statuses[key] ?? 0) + 1;
      if (problem && (problem.status >= 500 || !problem.code))
        breaches.push(`frame ${answered}: ${JSON.stringify(problem)}`);
      if (++answered === count) resolve();
    });
    socket.once('open', () => {
      for (let i = 0; i < count; i++) {
        if (random.below(10) === 0) socket.send(random.bytes(20).toString('hex'));
        else
          socket.send(
            random.below(5) === 0 ? random.bytes(random.below(2_000)) : damage(random.pick(pictures), random),
          );
      }
    });
  });
  socket.removeAllListeners('close').terminate();
  return { sent: count, statuses, breaches };
};
