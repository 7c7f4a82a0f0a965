import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
  readonly exitCode: number | null;
}

/** Runs a program and samples what it costs. Linux only for processor time and memory; 0 elsewhere. */
export async function measureProgram(
  args: readonly string[],
  stdio: 'inherit' | 'ignore',
): Promise<Measured> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdio, 'inherit'] });
  let peakKb = 0;
  let cpuSeconds = 0;
  const sampling = setInterval(() => {
    peakKb = Math.max(peakKb, readPeakKb(child.pid));
    cpuSeconds = Math.max(cpuSeconds, readCpuSeconds(child.pid));
  }, 50);
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(sampling);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds, peakMib: peakKb / 1024, exitCode };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

export const describeMachine = (): string => `Node ${process.versions.node}, ${cpus()[0]?.model}`;

/** VmHWM: the most memory the process ever held at once. */
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
