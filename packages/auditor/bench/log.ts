// How long audits of a log take, and how much memory: node bench/log.ts [records] [threads] [text|html]
// Prints one line for the whole log (trail), one for all of its records as a range (verify 0..N-1) and one for a session
// of it by its id (verify ID).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChain } from '@testigo/contracts/testing';
import { makeTrail, sessionIdOf } from './make-trail.ts';
import { describeMachine, measureProgram } from './measure.ts';

const size = Number(process.argv[2] ?? 1_000_000);
const workers = process.argv[3] ?? '2';
const format = process.argv[4] ?? 'text';
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

const dir = mkdtempSync(join(tmpdir(), 'testigo-bench-'));
const chain = await startChain();
let isSound = true;
try {
  const made = performance.now();
  const { trust, anchors } = await makeTrail(dir, size, chain);
  const seconds = ((performance.now() - made) / 1000).toFixed(1);
  console.log(`made ${size} records with ${anchors} anchors in ${seconds} s; ${describeMachine()}`);
  const output = join(dir, 'report');
  const pins = ['--chain', chain.url, '--trust', trust, '--format', format, '--output', output];
  await measure('trail', 'whole log', ['--log', dir, '--workers', workers, ...pins], 0);
  // Inconclusive by design: the records name a model of which this log's folder holds no manifest.
  await measure('verify', 'range', [`0..${size - 1}`, '--log', dir, ...pins], 3);
  await measure('verify', 'session', [sessionIdOf(1), '--log', dir, ...pins], 3);

  async function measure(
    command: string,
    target: string,
    args: readonly string[],
    expected: number,
  ): Promise<void> {
    const run = await measureProgram([main, command, ...args], 'ignore');
    const bytes = readFileSync(output).length;
    const rate = Math.round(size / run.seconds);
    console.log(
      `${command}, ${target}, ${format} report of ${size} records: ${run.seconds.toFixed(1)} s, ${rate} records/s, ${run.cpuSeconds.toFixed(1)} s of processor time, peak ${Math.round(run.peakMib)} MiB, ${bytes} bytes, exit code ${run.exitCode}`,
    );
    isSound &&= run.exitCode === expected;
  }
} finally {
  await chain.stop();
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = isSound ? 0 : 1;
