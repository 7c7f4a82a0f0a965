import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { WebSocket } from 'ws';

export type Message = Record<string, unknown> & { type: string };

const connect = (url: string, sessionId: string, token: string | undefined, headers = {}): WebSocket =>
  new WebSocket(
    `${url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`,
    ['testigo.frames.v1', ...(token === undefined ? [] : [`testigo.bearer.${token}`])],
    { headers },
  );

export type StreamAttempt = {
  /** 101 where it was let in. */
  readonly status: number | undefined;
  readonly retryAfter?: string | undefined;
  readonly body?: unknown;
};

/** Asks for a stream and leaves at once where it gets one. */
export const tryStream = (
  url: string,
  sessionId: string,
  token?: string,
  headers: Record<string, string> = {},
): Promise<StreamAttempt> =>
  new Promise((resolve, reject) => {
    const socket = connect(url, sessionId, token, headers);
    socket.once('error', reject);
    socket.once('open', () => {
      socket.terminate();
      resolve({ status: 101 });
    });
    socket.once('unexpected-response', async (_request, response) => {
      let text = '';
      for await (const part of response) text += String(part);
      const retryAfter = response.headers['retry-after'];
      resolve({ status: response.statusCode, retryAfter, body: JSON.parse(text) });
    });
  });

/** A client that is refused a stream, does not hang up, and goes on sending. */
export const refuseAndStay = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url);
  const client = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true });
  client.on('error', () => undefined);
  const head = ['GET /elsewhere HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'];
  client.write(`${head.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(client, 'data')) as [Buffer];
  if (!String(answer).startsWith('HTTP/1.1 404')) throw new Error(`not refused: ${answer}`);
  client.write('more');
  return client;
};

/** A socket for frames, what came over it, and a wait for so many answers. */
export const openStream = async (url: string, sessionId: string, token?: string) => {
  const socket = connect(url, sessionId, token);
  const messages: Message[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const answers = () => messages.filter(({ type }) => type === 'reading' || type === 'refused');
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)) as Message);
    for (const waiter of waiting) if (answers().length >= waiter.count) waiter.resolve();
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waitForAnswers = (count: number) =>
    new Promise<Message[]>((resolve) => {
      const finish = () => resolve(answers());
      waiting.push({ count, resolve: finish });
      if (answers().length >= count) finish();
    });
  return { socket, messages, waitForAnswers };
};
