// Anchors a growing log on a chain that drops, delays, reorders, reorganises, underprices and lies, with the anchorer
// killed again and again; every 100 steps the weather clears and everything must be anchored and final, once.
//   node scripts/chaos-campaign.ts [--steps 10000] [--seed 1]
import { parseArgs } from 'node:util';
import { Chaos } from '../test/chaos/chaos.ts';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});

const chaos = await Chaos.start(Number(values.seed));
if (!chaos) throw new Error('The campaign needs anvil: npm package @foundry-rs/anvil-linux-amd64.');
const startedMs = Date.now();
const { breaches, happened, ...figures } = await chaos.run(Number(values.steps));
await chaos.stop();

for (const [what, count] of Object.entries(happened).sort(([a], [b]) => a.localeCompare(b))) {
  process.stdout.write(`${String(count).padStart(7)}  ${what}\n`);
}
const seconds = Math.round((Date.now() - startedMs) / 1000);
process.stdout.write(
  `${figures.steps} steps in ${seconds} s: ${figures.records} records, ${figures.anchors} anchors, ` +
    `${figures.recordings} detections recorded by themselves, ` +
    `slowest recovery ${Math.round(figures.worstRecoveryMs)} ms, ${breaches.length} broken promises\n`,
);
for (const breach of breaches) process.stdout.write(`  ${breach}\n`);
process.exitCode = breaches.length === 0 ? 0 : 1;
