import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLog } from '../../src/log/open-log.ts';
import { SqliteStore } from '../../src/log/sqlite-store.ts';
import { TEST_IDENTITY } from '../../src/log/testing.ts';
import { type Acknowledgement, checkLog, parseAcknowledgements } from './check-log.ts';
import { recordNumber } from './numbered-records.ts';

export const FAULT_KINDS = ['eio', 'enospc', 'kill', 'torn'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** The how-manieth write, sync, rename, truncate or unlink. */
  readonly call: number;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Compiles the fault injector; undefined where the machine has no C compiler. */
export const buildInjector = (folder: string): string | undefined => {
  const library = join(folder, 'io-fault.so');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, here('io-fault.c'), '-ldl'], {
      stdio: 'pipe',
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return library;
};

interface VictimRun {
  readonly folder: string;
  readonly from: number;
  readonly count: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Kill -9 this long after the log is open. */
  readonly killAfterMs?: number;
}

const runVictim = ({ folder, from, count, env, killAfterMs }: VictimRun): Promise<string> =>
  new Promise((resolve, reject) => {
    const argv = [here('victim.ts'), folder, String(from), String(count)];
    const child = spawn(process.execPath, argv, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const isFirst = output === '';
      output += chunk.toString();
      if (isFirst && killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0 || code === 3 || signal === 'SIGKILL') resolve(output);
      else reject(new Error(`the victim ended with ${code ?? signal}: ${complaint}`));
    });
  });

/** Opens what the crash left, checks every promise, and appends once more: the log must still work. */
const checkAfterCrash = async (
  folder: string,
  acks: readonly Acknowledgement[],
  next: number,
): Promise<string[]> => {
  const log = await openLog({
    ...TEST_IDENTITY,
    store: await SqliteStore.open(folder),
    options: { batchDelayMs: 0 },
  });
  try {
    const before = log.checkpoint().size;
    const [receipt] = await log.appendAll([recordNumber(next)]);
    const expected = receipt!.isDuplicate ? before : before + 1;
    const breaches = await checkLog(log, acks);
    return log.checkpoint().size === expected ? breaches : [...breaches, 'a record was appended twice'];
  } finally {
    await log.close();
  }
};

/** One log that lives through `runs` kills at random moments; each life sends the last records of the one before again. */
export const runKills = async (runs: number, random: () => number): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'testigo-kill-'));
  const acks: Acknowledgement[] = [];
  const breaches: string[] = [];
  try {
    for (let run = 0; run < runs && breaches.length === 0; run++) {
      const newest = acks.reduce((max, { record }) => Math.max(max, record), 0);
      const from = Math.max(0, newest - 30);
      const output = await runVictim({
        folder,
        from,
        count: 100_000,
        killAfterMs: Math.floor(random() * 60),
      });
      acks.push(...parseAcknowledgements(output));
      breaches.push(...(await checkAfterCrash(folder, acks, from)).map((breach) => `kill ${run}: ${breach}`));
    }
  } finally {
    if (breaches.length === 0) rmSync(folder, { recursive: true, force: true });
  }
  return breaches;
};

const FAULT_RECORDS = 150;

/** How many calls a run without a fault makes: faults beyond it never happen. */
export const countCalls = async (injector: string): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'testigo-count-'));
  const counter = join(folder, 'count');
  const log = join(folder, 'log');
  try {
    const env = { LD_PRELOAD: injector, FAULT_DIR: log, FAULT_COUNT: counter };
    await runVictim({ folder: log, from: 0, count: FAULT_RECORDS, env });
    return Number(readFileSync(counter, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** A fresh log whose n-th call goes wrong. */
export const runFault = async (injector: string, { kind, call }: Fault): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'testigo-fault-'));
  const log = join(folder, 'log');
  try {
    const env = { LD_PRELOAD: injector, FAULT_DIR: log, FAULT_AT: String(call), FAULT_KIND: kind };
    const acks = parseAcknowledgements(await runVictim({ folder: log, from: 0, count: FAULT_RECORDS, env }));
    if (!existsSync(log)) return acks.length === 0 ? [] : [`${kind} at call ${call}: the log is gone`];
    const breaches = await checkAfterCrash(log, acks, FAULT_RECORDS - 1);
    return breaches.map((breach) => `${kind} at call ${call}: ${breach}`);
  } catch (error) {
    return [`${kind} at call ${call}: ${String(error)}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
