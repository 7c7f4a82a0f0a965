import { WebSocket } from 'ws';

export type Message = Record<string, unknown> & { type: string };

/** A socket for frames, what came over it, and a wait for so many answers. */
export const openStream = async (url: string, sessionId: string) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`, [
    'testigo.frames.v1',
  ]);
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
