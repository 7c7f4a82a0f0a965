import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Outcome } from '@testigo/trail';

export interface AuditRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTCOMES: Readonly<Record<number, Outcome>> = { 0: 'verified', 1: 'failed', 3: 'inconclusive' };

/** The built command line, as an auditor runs it: a process of its own that shares nothing with this one. */
export function runAuditor(args: readonly string[]): Promise<AuditRun> {
  const require = createRequire(import.meta.url);
  const cli = join(dirname(require.resolve('@testigo/auditor')), 'cli', 'main.js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? 3, stdout, stderr }));
  });
}

/** Throws on a usage error or a crash: neither is a verdict. */
export function outcomeOf(run: AuditRun): Outcome {
  const outcome = OUTCOMES[run.exitCode];
  if (!outcome) throw new Error(`testigo-audit ended with ${run.exitCode}: ${run.stderr || run.stdout}`);
  return outcome;
}
