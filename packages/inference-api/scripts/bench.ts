// Speed of the whole path: decode, detect or follow, classify, record, prove. `npm run bench:frames -w packages/inference-api`
// For figures of two cores: taskset -c 0,1 npm run bench:frames -w packages/inference-api [seconds]
// TESTIGO_DATA adds the real clips. Linux only: the shares of the CPU come from /proc.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sendPicture } from '../test/support/http.ts';
import { dataFolder, facePicture, readFrames } from '../test/support/pictures.ts';
import { openTestSession } from '../test/support/sessions.ts';
import { machineCpuMs, processCpuMs } from './bench/machine.ts';
import { runStream, type StreamResult } from './stream-client.ts';

const seconds = Number(process.argv[2] ?? 10);
const durationMs = seconds * 1000;
const CAMERA_MS = 1000 / 15;

const quantile = (values: readonly number[], q: number): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN).toFixed(1);
};
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const server = fork(fileURLToPath(new URL('bench-server.ts', import.meta.url)), {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const [{ url }] = (await once(server, 'message')) as [{ url: string }];
const readCpu = () => ({
  server: processCpuMs(server.pid!),
  client: processCpuMs(process.pid),
  machine: machineCpuMs(),
});

/** Runs a load and prints its figures, with what server, client and everybody else took of the machine. */
const measure = async (name: string, load: () => Promise<StreamResult>): Promise<void> => {
  const [before, startedAt] = [readCpu(), performance.now()];
  const { latenciesMs, refused } = await load();
  const [after, elapsedMs] = [readCpu(), performance.now() - startedAt];
  const n = latenciesMs.length;
  const used = {
    server: after.server - before.server,
    client: after.client - before.client,
    machine: after.machine - before.machine,
  };
  const others = Math.max(0, used.machine - used.server - used.client) / elapsedMs;
  say(
    `${name.padEnd(40)} ${((n * 1000) / elapsedMs).toFixed(1).padStart(6)} /s   p50 ${quantile(latenciesMs, 0.5)}   p95 ${quantile(latenciesMs, 0.95)}   p99 ${quantile(latenciesMs, 0.99)} ms   n=${n}, ${refused} refused   CPU a frame: server ${(used.server / n).toFixed(1)}, client ${(used.client / n).toFixed(1)} ms; others ${others.toFixed(2)} cores`,
  );
};

const streams = async (calls: number, frames: readonly Buffer[], everyMs?: number): Promise<StreamResult> => {
  const load = { durationMs, everyMs };
  const results = await Promise.all(Array.from({ length: calls }, () => runStream(url, frames, load)));
  return {
    latenciesMs: results.flatMap(({ latenciesMs }) => latenciesMs),
    refused: results.reduce((sum, { refused }) => sum + refused, 0),
  };
};

const post = async (picture: Buffer): Promise<StreamResult> => {
  const sessionId = await openTestSession(url);
  const latenciesMs: number[] = [];
  const endsAt = performance.now() + durationMs;
  const work = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      const from = performance.now();
      const { status } = await sendPicture(url, picture, { sessionId });
      if (status !== 201) throw new Error(`a picture was answered ${status}`);
      latenciesMs.push(performance.now() - from);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return { latenciesMs, refused: 0 };
};

const face = await facePicture();
say(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores usable, Node ${process.versions.node}; 640x480 JPEG of ${face.length} bytes; ${seconds} s each`,
);
// So that the compiler has seen every path.
await runStream(url, [face], { durationMs: 3_000 });
await measure('one call at 15 frames a second', () => streams(1, [face], CAMERA_MS));
await measure('4 calls at 15 frames a second', () => streams(4, [face], CAMERA_MS));
for (const calls of [1, 4, 8])
  await measure(`${calls} call(s) as fast as they can`, () => streams(calls, [face]));
await measure('POST base64, 4 at once, one session', () => post(face));
if (dataFolder) {
  for (const name of ['talking-head-1', 'talking-head-2']) {
    const clip = readFrames(join(dataFolder, 'media', `${name}.mjpeg`));
    await measure(`one call, ${name} at 15 frames a second`, () => streams(1, clip, CAMERA_MS));
    await measure(`8 calls, ${name} as fast as they can`, () => streams(8, clip));
  }
} else {
  say('TESTIGO_DATA is not set: the real clips were not measured.');
}

server.send('stop');
const [{ cpuSeconds, rssMiB }] = (await once(server, 'message')) as [{ cpuSeconds: number; rssMiB: number }];
say(`server, with a chain in its process: ${cpuSeconds.toFixed(1)} CPU seconds, ${rssMiB.toFixed(0)} MiB`);
