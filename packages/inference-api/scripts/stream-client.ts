import { once } from 'node:events';
import { WebSocket } from 'ws';
import { openTestSession } from '../test/support/sessions.ts';

export type StreamResult = { readonly latenciesMs: readonly number[]; readonly refused: number };

export type StreamLoad = {
  readonly durationMs: number;
  /** A camera's pace; without it as fast as the answers come, two in flight. */
  readonly everyMs?: number | undefined;
};

const connect = async (url: string): Promise<WebSocket> => {
  const sessionId = await openTestSession(url);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`, [
    'testigo.frames.v1',
  ]);
  await once(socket, 'open');
  return socket;
};

// Answers are told apart by how they begin: parsing each whole would cost the cores that are being measured.
const READING = Buffer.from('{"type":"reading"');
const REFUSED = Buffer.from('{"type":"refused"');
const startsWith = (data: Buffer, text: Buffer): boolean => data.subarray(0, text.length).equals(text);

/** Sends frames for a while, over and over, and times each from its sending to its answer. */
export const runStream = async (
  url: string,
  frames: readonly Buffer[],
  { durationMs, everyMs }: StreamLoad,
): Promise<StreamResult> => {
  const socket = await connect(url);
  const sentAt: number[] = [];
  const latenciesMs: number[] = [];
  let refused = 0;
  const endsAt = performance.now() + durationMs;
  const send = (): void => {
    const frame = frames[sentAt.length % frames.length]!;
    sentAt.push(performance.now());
    socket.send(frame);
  };
  const isOver = (): boolean => performance.now() >= endsAt;
  await new Promise<void>((resolve, reject) => {
    const finishIfAnswered = (): void => {
      if (isOver() && latenciesMs.length === sentAt.length) resolve();
    };
    socket.on('close', (code) => reject(new Error(`the service closed the stream with ${code}`)));
    socket.on('message', (data: Buffer) => {
      const isRefused = startsWith(data, REFUSED);
      if (!isRefused && !startsWith(data, READING)) return;
      latenciesMs.push(performance.now() - sentAt[latenciesMs.length]!);
      if (isRefused) refused += 1;
      if (everyMs === undefined && !isOver()) send();
      else finishIfAnswered();
    });
    if (everyMs === undefined) {
      send();
      send();
      return;
    }
    const timer = setInterval(() => {
      if (!isOver()) return send();
      clearInterval(timer);
      finishIfAnswered();
    }, everyMs);
  });
  socket.removeAllListeners('close').close();
  return { latenciesMs, refused };
};
