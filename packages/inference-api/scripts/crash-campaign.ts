// Crashes the log 1,000 times and more, and checks after each that it keeps its promises: nothing acknowledged is lost,
// nothing is there twice, the log verifies. Needs a C compiler.
//   node scripts/crash-campaign.ts [--kills 200 (0: none)] [--seed 1] [--kinds eio,enospc,kill,torn] [--tear-step 1]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildInjector, countCalls, FAULT_KINDS, runFault, runKills } from '../test/crash/campaign.ts';
import { tearTails } from '../test/crash/torn-tail.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    kinds: { type: 'string', default: FAULT_KINDS.join() },
    'tear-step': { type: 'string', default: '1' },
  },
});

/** mulberry32: the same seed kills at the same delays. */
const newRandom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const breaches: string[] = [];
const report = (what: string, runs: number, found: readonly string[], startedMs: number) => {
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(0);
  process.stdout.write(`${what}: ${runs} runs, ${found.length} broken promises, ${seconds} s\n`);
  for (const breach of found) process.stdout.write(`  ${breach}\n`);
  breaches.push(...found);
};

const folder = mkdtempSync(join(tmpdir(), 'testigo-injector-'));
const injector = buildInjector(folder);
if (!injector) throw new Error('The I/O faults need a C compiler named cc.');

let startedMs = Date.now();
report(
  'kill -9 at a random moment',
  Number(values.kills),
  await runKills(Number(values.kills), newRandom(Number(values.seed))),
  startedMs,
);

const calls = await countCalls(injector);
for (const kind of FAULT_KINDS.filter((known) => values.kinds.split(',').includes(known))) {
  startedMs = Date.now();
  const found: string[] = [];
  for (let call = 1; call <= calls; call++) found.push(...(await runFault(injector, { kind, call })));
  report(`${kind} at each of ${calls} writes, syncs, truncates and unlinks`, calls, found, startedMs);
}

for (const kind of ['cut', 'noise'] as const) {
  startedMs = Date.now();
  const torn = await tearTails(kind, { step: Number(values['tear-step']), checkEvery: 500 });
  report(
    `write-ahead log torn (${kind}) every ${values['tear-step']} bytes, ${torn.checked} of them checked whole`,
    torn.runs,
    torn.breaches,
    startedMs,
  );
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = breaches.length === 0 ? 0 : 1;
