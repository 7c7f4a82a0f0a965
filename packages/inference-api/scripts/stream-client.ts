import { once } from 'node:events';
import { WebSocket } from 'ws';
import { openTestSession } from '../test/support/sessions.ts';

export type StreamResult = { readonly latenciesMs: readonly number[]; readonly refused: number };

type Answer = { type: string };

const connect = async (url: string): Promise<WebSocket> => {
  const sessionId = await openTestSession(url);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`, [
    'testigo.frames.v1',
  ]);
  await once(socket, 'open');
  return socket;
};

/**
 * Sends frames for a while and times each from its sending to its answer. With `everyMs` at a camera's pace, without
 * it as fast as the answers come, two in flight.
 */
export const runStream = async (
  url: string,
  frame: Buffer,
  durationMs: number,
  everyMs?: number,
): Promise<StreamResult> => {
  const socket = await connect(url);
  const sentAt: number[] = [];
  const latenciesMs: number[] = [];
  let refused = 0;
  const endsAt = performance.now() + durationMs;
  const send = () => {
    sentAt.push(performance.now());
    socket.send(frame);
  };
  const finished = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const { type } = JSON.parse(String(data)) as Answer;
      if (type !== 'reading' && type !== 'refused') return;
      latenciesMs.push(performance.now() - sentAt[latenciesMs.length]!);
      if (type === 'refused') refused += 1;
      if (performance.now() < endsAt) {
        if (everyMs === undefined) send();
      } else if (latenciesMs.length === sentAt.length) {
        resolve();
      }
    });
  });
  if (everyMs === undefined) {
    send();
    send();
  } else {
    const timer = setInterval(() => (performance.now() < endsAt ? send() : clearInterval(timer)), everyMs);
  }
  await finished;
  socket.close();
  return { latenciesMs, refused };
};
