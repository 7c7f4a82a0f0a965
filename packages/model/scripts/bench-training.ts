// Training speed of the WebGPU executor, images a second:
//   node scripts/bench-training.ts [--network mission|compact] [--batches 64,256,1024] [--toggles disable_robustness] [--profile] [--software]
// Synthetic pictures in GPU memory; each figure is the median of five runs, every step with its own augmentation.
import { parseArgs } from 'node:util';
import { planViews } from '../src/augment/view.ts';
import { type OpenDevice, openDevice } from '../src/backend/webgpu-device.ts';
import { initialWeights } from '../src/network/parameters.ts';
import { compactNetwork, MISSION_NETWORK } from '../src/network/spec.ts';
import { createGenerator, permute } from '../src/random/keyed-generator.ts';
import { COMPACT_TRAINING, MISSION_TRAINING } from '../src/training/config.ts';
import type { TrainingBatch } from '../src/training/engine.ts';
import { GpuContext } from '../src/training/webgpu/context.ts';
import { uploadData } from '../src/training/webgpu/predictor.ts';
import { WebGpuEngine } from '../src/training/webgpu/webgpu-engine.ts';

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'mission' },
    batches: { type: 'string', default: '64,256,1024' },
    toggles: { type: 'string', default: '' },
    profile: { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
    images: { type: 'string', default: '200000' },
  },
});
const isMission = values.network === 'mission';
const spec = isMission ? MISSION_NETWORK : compactNetwork();
const base = isMission ? MISSION_TRAINING : COMPACT_TRAINING;
const ROWS = 4096;

const open = await openDevice({
  allowSoftware: values.software,
  toggles: values.toggles.split(',').filter(Boolean),
});
if (!open) {
  console.log('no WebGPU adapter of a GPU here: nothing was measured (--software takes a software one)');
  process.exit(0);
}
const random = createGenerator('bench');
const images = Uint8Array.from({ length: ROWS * 2304 }, () => random.word() & 255);
const labels = Uint8Array.from({ length: ROWS }, (_, i) => i % 7);

function planBatch(batchSize: number, step: number): TrainingBatch {
  const generator = createGenerator('bench', step);
  const order = permute(ROWS, generator);
  const views = planViews(batchSize, {
    sourceSize: 48,
    size: spec.inputSize,
    recipe: base.augmentation,
    fill: spec.mean,
    random: generator,
  });
  const partners = base.augmentation.mixup > 0 ? order.slice(ROWS - batchSize) : new Uint32Array();
  return { indices: order.slice(0, batchSize), partners, views, learningRate: 1e-3, maskSeed: step };
}

async function timeBatch(adapter: OpenDevice, batchSize: number): Promise<void> {
  const context = new GpuContext(adapter);
  const config = { ...base, batchSize };
  const built = performance.now();
  const data = uploadData(context, images, labels);
  const engine = new WebGpuEngine({ context, spec, weights: initialWeights(spec, 'bench'), data, config });
  const run = async (steps: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < steps; i++) await engine.step(planBatch(batchSize, i));
    await engine.settle();
    return (performance.now() - start) / steps;
  };
  await run(12);
  const builtMs = performance.now() - built;
  const steps = Math.max(8, Math.min(200, Math.round(Number(values.images) / 5 / batchSize)));
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await run(steps));
  const ms = times.sort((a, b) => a - b)[2]!;
  const result = {
    network: values.network,
    batchSize,
    steps,
    msPerStep: Number(ms.toFixed(3)),
    imagesPerSecond: Math.round((batchSize / ms) * 1000),
  };
  console.log(
    JSON.stringify({
      ...result,
      dispatches: engine.dispatchesPerStep,
      toggles: values.toggles,
      builtMs: Math.round(builtMs),
    }),
  );
  if (values.profile) await profile(context, engine);
  engine.dispose();
}

/** Time of each recorded pass, by itself, twenty times in a row. */
async function profile(context: GpuContext, engine: WebGpuEngine): Promise<void> {
  const rows: { label: string; ms: number }[] = [];
  for (const pass of engine.recorded) {
    const many = Array.from({ length: 20 }, () => pass);
    context.submit(many);
    await engine.settle();
    const start = performance.now();
    context.submit(many);
    await engine.settle();
    rows.push({ label: pass.label, ms: (performance.now() - start) / 20 });
  }
  const total = rows.reduce((s, r) => s + r.ms, 0);
  console.log(
    `passes ${rows.length}, sum ${total.toFixed(2)} ms; ${rows
      .sort((a, b) => b.ms - a.ms)
      .slice(0, 24)
      .map((r) => `${r.label} ${r.ms.toFixed(3)}`)
      .join(' | ')}`,
  );
}

console.log(`adapter: ${open.description}; node ${process.version}`);
for (const size of values.batches.split(',')) await timeBatch(open, Number(size));
process.exit(0);
