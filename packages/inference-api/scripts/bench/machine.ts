import { readFileSync } from 'node:fs';

const TICK_MS = 10;

const ticksOf = (file: string, first: number, count: number): number => {
  const text = readFileSync(file, 'utf8').split('\n')[0]!;
  // A process name may hold spaces; the fields after it do not.
  const fields = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  return fields.slice(first, first + count).reduce((sum, field) => sum + Number(field), 0);
};

/** CPU milliseconds of a process so far, its threads included: utime and stime of proc_pid_stat(5). */
export const processCpuMs = (pid: number): number => ticksOf(`/proc/${pid}/stat`, 11, 2) * TICK_MS;

/** CPU milliseconds that the whole machine has worked so far: user, nice and system of proc_stat(5). */
export const machineCpuMs = (): number => ticksOf('/proc/stat', 1, 3) * TICK_MS;
