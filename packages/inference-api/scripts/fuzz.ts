// Hostile input by the thousand: `npm run fuzz -w packages/inference-api [count] [seed]`. Ends with 1 on any breach.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { get, sendPicture } from '../test/support/http.ts';
import { facePicture } from '../test/support/pictures.ts';
import { openTestSession } from '../test/support/sessions.ts';
import { fuzzHttp, fuzzStream } from './fuzz-run.ts';

const count = Number(process.argv[2] ?? 10_000);
const seed = process.argv[3] ?? 'testigo';
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const server = fork(fileURLToPath(new URL('bench-server.ts', import.meta.url)), {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
let isOver = false;
server.once('exit', (code) => {
  if (isOver) return;
  say(`the service died with ${code}`);
  process.exit(1);
});
const [{ url }] = (await once(server, 'message')) as [{ url: string }];
const face = await facePicture();
const small = sharp(face).resize(160, 120);
const pictures = [
  await small.clone().jpeg().toBuffer(),
  await small.clone().png().toBuffer(),
  await small.clone().webp().toBuffer(),
];
const memoryOf = async (): Promise<number> => {
  const { body } = await get(`${url}/metrics`);
  return Number(/^testigo_process_resident_memory_bytes (\S+)/m.exec(String(body.text))?.[1]) / 2 ** 20;
};

const openSockets = async (n: number, first: string): Promise<Socket[]> => {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: n }, () => connect(Number(port), hostname).on('error', () => {}));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) socket.write(first);
  return sockets;
};

const breaches: string[] = [];
await fuzzHttp(url, pictures, Math.min(500, count), `${seed}/warm`);
const before = await memoryOf();

// Idle sockets and clients that never finish their request, while everybody else is served.
const idle = await openSockets(Math.min(1_000, count), '');
const slow = await openSockets(
  50,
  'POST /v1/detections HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{"image":"',
);

const first = await fuzzHttp(url, pictures, Math.ceil(count / 2), `${seed}/1`);
const halfway = await memoryOf();
const http = await fuzzHttp(url, pictures, Math.floor(count / 2), `${seed}/2`);
const atEnd = await memoryOf();
say(`HTTP: ${first.sent} requests, answers ${JSON.stringify(first.statuses)}`);
say(`HTTP: ${http.sent} more, answers ${JSON.stringify(http.statuses)}`);
const stream = await fuzzStream(url, pictures, Math.ceil(count / 10), seed);
say(`WebSocket: ${stream.sent} frames, answers ${JSON.stringify(stream.statuses)}`);
breaches.push(...first.breaches, ...http.breaches, ...stream.breaches);

const sessionId = await openTestSession(url);
const { status } = await sendPicture(url, face, { sessionId });
if (status !== 201) breaches.push(`after it all a good picture was answered ${status}`);
for (const socket of [...idle, ...slow]) socket.destroy();
const after = await memoryOf();
say(
  `memory: ${[before, halfway, atEnd, after].map((mib) => mib.toFixed(0)).join(', ')} MiB before, halfway, after HTTP, after all; ${idle.length} idle and ${slow.length} slow sockets meanwhile`,
);
// Heaps grow to their working size first. A leak goes on: it would show in the second half.
if (atEnd > halfway + 100)
  breaches.push(`memory grew by ${(atEnd - halfway).toFixed(0)} MiB in the second half`);

isOver = true;
server.send('stop');
await once(server, 'message');
for (const breach of breaches.slice(0, 20)) say(`BREACH ${breach}`);
say(breaches.length === 0 ? 'no breach' : `${breaches.length} breaches`);
process.exitCode = breaches.length === 0 ? 0 : 1;
