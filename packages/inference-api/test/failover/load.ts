import { randomUUID } from 'node:crypto';
import { sessionTerms } from '../support/sessions.ts';

/** What a client was told is recorded. */
export type Acknowledged = {
  readonly recordId: string;
  readonly leafIndex: number;
  readonly sessionId: string;
  readonly sequence: number;
  readonly checkpoint: string;
  readonly proof: { readonly hashes: readonly string[] };
  /** performance.now() of the answer. */
  readonly atMs: number;
};

export type Load = {
  readonly acknowledged: readonly Acknowledged[];
  /** Answers that said nothing is recorded, or no answer, by what was said. */
  readonly refused: ReadonlyMap<string, number>;
  stop(): Promise<void>;
};

const PICTURES_A_SESSION = 4;
const ATTEMPTS = 400;

/**
 * Clients that open sessions, send pictures and close, each request to a replica by chance; where one does not answer
 * or does not know, they send the request again with the same Idempotency-Key, as the documentation tells them to.
 */
export const startLoad = (
  urls: readonly string[],
  clients: number,
  picture: Uint8Array,
  random: () => number,
): Load => {
  const acknowledged: Acknowledged[] = [];
  const refused = new Map<string, number>();
  let isStopping = false;
  const count = (what: string): void => void refused.set(what, (refused.get(what) ?? 0) + 1);

  const sendOnce = async (path: string, body: unknown, key: string) => {
    const url = urls[Math.floor(random() * urls.length)]!;
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    return (await response.json()) as Partial<Acknowledged> & { code?: string };
  };

  const send = async (path: string, body: unknown, sessionId?: string): Promise<Acknowledged | undefined> => {
    const key = randomUUID();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await sendOnce(path, body, key).catch(() => ({ code: 'no-answer' }) as const);
      if ('recordId' in answer && answer.recordId !== undefined) {
        const told = { sessionId, ...answer, atMs: performance.now() } as Acknowledged;
        acknowledged.push(told);
        return told;
      }
      count(answer.code ?? 'unknown');
      // A session that was opened by a request whose answer was lost is nobody's; one that is gone was never told of.
      if (answer.code === 'session-unknown' || answer.code === 'session-closed') return undefined;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${path}: no answer after ${ATTEMPTS} attempts: ${JSON.stringify([...refused])}`);
  };

  const image = Buffer.from(picture).toString('base64');
  const run = async (): Promise<void> => {
    while (!isStopping) {
      const opened = await send('/v1/sessions', sessionTerms());
      const sessionId = opened?.sessionId;
      if (sessionId === undefined) continue;
      for (let n = 0; n < PICTURES_A_SESSION && !isStopping; n++)
        await send('/v1/detections', { image, sessionId }, sessionId);
      await send(`/v1/sessions/${sessionId}/close`, { reason: 'call-ended' }, sessionId);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, run));
  running.catch(() => undefined);
  return {
    acknowledged,
    refused,
    stop: async () => {
      isStopping = true;
      await running;
    },
  };
};
