// How long an audit of a whole log takes, and how much memory: node bench/trail.ts [records] [threads]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChain } from '@testigo/contracts/testing';
import { makeTrail } from './make-trail.ts';

const size = Number(process.argv[2] ?? 1_000_000);
const workers = process.argv[3] ?? '2';
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

const dir = mkdtempSync(join(tmpdir(), 'testigo-bench-'));
const chain = await startChain();
try {
  const made = performance.now();
  const trust = await makeTrail(dir, size, chain);
  console.log(
    `made ${size} records and anchored them in ${((performance.now() - made) / 1000).toFixed(1)} s`,
  );
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [main, 'trail', '--log', dir, '--chain', chain.url, '--trust', trust, '--workers', workers],
    { stdio: 'inherit' },
  );
  let peakKb = 0;
  let cpuSeconds = 0;
  const sampling = setInterval(() => {
    peakKb = Math.max(peakKb, readPeakKb(child.pid));
    cpuSeconds = Math.max(cpuSeconds, readCpuSeconds(child.pid));
  }, 50);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(sampling);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `audited ${size} records in ${seconds.toFixed(1)} s with ${workers} threads on ${cpus()[0]?.model}: ${Math.round(size / seconds)} records/s, ${cpuSeconds.toFixed(1)} s of processor time, peak ${Math.round(peakKb / 1024)} MiB, exit code ${code}`,
  );
  process.exitCode = code === 0 ? 0 : 1;
} finally {
  await chain.stop();
  rmSync(dir, { recursive: true, force: true });
}

/** VmHWM of Linux; 0 elsewhere. */
function readPeakKb(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms: what the audit cost, whatever else the machine was doing. */
function readCpuSeconds(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
