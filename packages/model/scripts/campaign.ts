// The training campaign as a queue: node scripts/campaign.ts DATA_DIR OUT_DIR SECONDS PLAN.json
// Runs jobs of the plan whose needs are met, a few at a time, and stops at the limit; run again, it goes on.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';

type Planned = { name: string; needs?: string[]; seconds: number; choose?: string[]; [key: string]: unknown };
type Plan = { parallel: number; jobs: Planned[] };

const [dataDir, outDir, seconds, planPath] = process.argv.slice(2) as [string, string, string, string];
const plan = JSON.parse(readFileSync(planPath, 'utf8')) as Plan;
const started = performance.now();
const elapsed = (): number => (performance.now() - started) / 1000;
const isDone = (name: string): boolean => existsSync(`${outDir}/${name}.json`);
const running = new Set<string>();
const failed = new Set<string>();

type Outcome = { job: Record<string, unknown>; validation: { tenCrop: { accuracy: number } } };
/** The best of some jobs on the selection split decides what a final job takes over. */
function chosen(names: string[]): Record<string, unknown> {
  const outcomes = names
    .filter(isDone)
    .map((name) => JSON.parse(readFileSync(`${outDir}/${name}.json`, 'utf8')) as Outcome);
  const best = outcomes.sort((a, b) => b.validation.tenCrop.accuracy - a.validation.tenCrop.accuracy)[0];
  if (!best) return {};
  writeFileSync(
    `${outDir}/chosen.txt`,
    JSON.stringify({
      best: best.job.name,
      of: outcomes.map((o) => [o.job.name, o.validation.tenCrop.accuracy]),
    }),
  );
  const { share, mixup, dropout } = best.job;
  return Object.fromEntries(Object.entries({ share, mixup, dropout }).filter(([, v]) => v !== undefined));
}

function start({ needs, seconds: _estimate, choose, ...job }: Planned): void {
  const inherited = choose ? chosen(choose) : {};
  if (choose && inherited.share === undefined) delete job.teachers;
  running.add(job.name);
  const script = new URL('./campaign-job.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, dataDir, outDir, JSON.stringify({ ...job, ...inherited })]);
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
    if (code === 0) return;
    failed.add(job.name);
    console.log(`FAILED ${job.name}: ${readFileSync(`${outDir}/${job.name}.log`, 'utf8').slice(0, 600)}`);
  });
}

for (;;) {
  const waiting = plan.jobs.filter((j) => !isDone(j.name) && !running.has(j.name) && !failed.has(j.name));
  for (const job of waiting) {
    if (running.size >= plan.parallel) break;
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
