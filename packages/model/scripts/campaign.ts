// The training campaign as a queue: node scripts/campaign.ts DATA_DIR OUT_DIR SECONDS PLAN.json
// Runs jobs of the plan whose needs are met, one on each launcher at a time, and stops at the limit; run again, it goes on.
// A launcher is what stands before the command: [] on a machine of one GPU, a command that shows one GPU alone on others.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';

type Planned = { name: string; needs?: string[]; seconds: number; [key: string]: unknown };
type Plan = { launchers: string[][]; jobs: Planned[] };

const [dataDir, outDir, seconds, planPath] = process.argv.slice(2) as [string, string, string, string];
const plan = JSON.parse(readFileSync(planPath, 'utf8')) as Plan;
const started = performance.now();
const elapsed = (): number => (performance.now() - started) / 1000;
const isDone = (name: string): boolean => existsSync(`${outDir}/${name}.json`);
const running = new Set<string>();
const failed = new Set<string>();

const free = [...plan.launchers];

function start({ needs, seconds: _estimate, ...job }: Planned): void {
  running.add(job.name);
  const launcher = free.shift()!;
  const script = new URL('./campaign-job.ts', import.meta.url).pathname;
  const [program, ...args] = [
    ...launcher,
    ...[process.execPath, script, dataDir, outDir, JSON.stringify(job)],
  ];
  const child = spawn(program!, args);
  const log = createWriteStream(`${outDir}/${job.name}.log`);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  child.stdout.on('data', (chunk: Buffer) => {
    if (/DONE/.test(chunk.toString()))
      process.stdout.write(
        `${elapsed().toFixed(0)}: ${chunk.toString().slice(chunk.toString().indexOf('DONE'))}`,
      );
  });
  child.on('exit', (code) => {
    running.delete(job.name);
    free.push(launcher);
    if (code === 0) return;
    failed.add(job.name);
    console.log(`FAILED ${job.name}: ${readFileSync(`${outDir}/${job.name}.log`, 'utf8').slice(0, 600)}`);
  });
}

for (;;) {
  const waiting = plan.jobs.filter((j) => !isDone(j.name) && !running.has(j.name) && !failed.has(j.name));
  for (const job of waiting) {
    if (free.length === 0) break;
    if (!(job.needs ?? []).every(isDone) || elapsed() + job.seconds > Number(seconds)) continue;
    start(job);
  }
  if (running.size === 0) break;
  if (elapsed() > Number(seconds)) break;
  await new Promise((resolve) => setTimeout(resolve, 300));
}
console.log(
  `${elapsed().toFixed(0)} s; still running ${[...running].join(' ')}; not run ${plan.jobs
    .filter((j) => !isDone(j.name) && !running.has(j.name))
    .map((j) => j.name)
    .join(' ')}`,
);
process.exit(0);
