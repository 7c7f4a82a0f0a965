// Speed of the whole path: decode, detect or follow, classify, record, prove. `npm run bench -w packages/inference-api`
// For figures of two cores: taskset -c 0,1 npm run bench -w packages/inference-api
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { sendPicture } from '../test/support/http.ts';
import { facePicture } from '../test/support/pictures.ts';
import { openTestSession } from '../test/support/sessions.ts';
import { runStream } from './stream-client.ts';

const seconds = Number(process.argv[2] ?? 10);
const durationMs = seconds * 1000;

const quantile = (values: readonly number[], q: number): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN).toFixed(1);
};
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const show = (name: string, latencies: readonly number[], elapsedMs: number): void =>
  say(
    `${name.padEnd(46)} ${((latencies.length * 1000) / elapsedMs).toFixed(1).padStart(7)} /s   p50 ${quantile(latencies, 0.5)}   p95 ${quantile(latencies, 0.95)}   p99 ${quantile(latencies, 0.99)} ms   n=${latencies.length}`,
  );

const server = fork(fileURLToPath(new URL('bench-server.ts', import.meta.url)), {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const [{ url }] = (await once(server, 'message')) as [{ url: string }];
const face = await facePicture();
say(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} threads usable; 640x480 JPEG of ${face.length} bytes; ${seconds} s each`,
);

await runStream(url, face, 2_000);

const oneCall = await runStream(url, face, durationMs, 1000 / 15);
show('one call at 15 frames a second', oneCall.latenciesMs, durationMs);

for (const calls of [1, 4, 8]) {
  const startedAt = performance.now();
  const results = await Promise.all(Array.from({ length: calls }, () => runStream(url, face, durationMs)));
  const refused = results.reduce((sum, result) => sum + result.refused, 0);
  show(
    `${calls} call(s) as fast as they can, ${refused} refused`,
    results.flatMap(({ latenciesMs }) => latenciesMs),
    performance.now() - startedAt,
  );
}

const sessionId = await openTestSession(url);
const posted: number[] = [];
const postingFrom = performance.now();
const post = async (): Promise<void> => {
  while (performance.now() - postingFrom < durationMs) {
    const from = performance.now();
    const { status } = await sendPicture(url, face, { sessionId });
    if (status !== 201) throw new Error(`a picture was answered ${status}`);
    posted.push(performance.now() - from);
  }
};
await Promise.all([post(), post(), post(), post()]);
show('POST base64, 4 at once, one session', posted, performance.now() - postingFrom);

server.send('stop');
const [{ cpuSeconds, rssMiB }] = (await once(server, 'message')) as [{ cpuSeconds: number; rssMiB: number }];
const answered = oneCall.latenciesMs.length + posted.length;
say(
  `server: ${cpuSeconds.toFixed(1)} CPU seconds, ${rssMiB.toFixed(0)} MiB; ${answered} answers outside the saturating runs`,
);
