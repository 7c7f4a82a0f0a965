import { expect, test } from 'vitest';
import { STRONG_AUGMENTATION } from '../../augment/recipe.ts';
import { centreView, planViews } from '../../augment/view.ts';
import { chooseBackend } from '../../backend/choose-backend.ts';
import { type OpenDevice, openDevice } from '../../backend/webgpu-device.ts';
import { buildNetwork } from '../../network/build.ts';
import { initialWeights, parametersOf } from '../../network/parameters.ts';
import { compactNetwork, type NetworkSpec } from '../../network/spec.ts';
import { createGenerator } from '../../random/keyed-generator.ts';
import { COMPACT_TRAINING, type TrainingConfig } from '../config.ts';
import type { TrainingBatch, TrainingEngine } from '../engine.ts';
import { TfjsEngine } from '../tfjs-engine.ts';
import { GpuContext } from './context.ts';
import { uploadData } from './predictor.ts';
import { WebGpuEngine } from './webgpu-engine.ts';

const BATCH = 8;
const ROWS = 24;
const random = createGenerator('engine test');
const data = {
  images: Uint8Array.from({ length: ROWS * 2304 }, () => Math.floor(random.uniform() * 256)),
  labels: Uint8Array.from({ length: ROWS }, (_, i) => i % 7),
};

/** The mission's kind of network, small. */
const PLAIN: NetworkSpec = {
  ...compactNetwork({ inputSize: 20 }),
  name: 'plain',
  initializer: 'glorot-uniform',
  layers: [
    ...[16, 32].flatMap((filters): NetworkSpec['layers'] => [
      { kind: 'conv', filters, bias: true, relu: true },
      { kind: 'conv', filters, bias: true, relu: true },
      { kind: 'maxPool' },
      { kind: 'batchNorm', relu: false, epsilon: 1e-3, momentum: 0.9 },
    ]),
    { kind: 'flatten' },
    { kind: 'dense', units: 64, relu: true },
    { kind: 'dropout', rate: 0.5 },
    { kind: 'dense', units: 7, relu: false },
  ],
};
const COMPACT = compactNetwork({ inputSize: 22, widths: [16, 32, 48] });

const ONE_STEP: TrainingConfig = {
  ...COMPACT_TRAINING,
  batchSize: BATCH,
  learningRate: 1,
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0.01 },
  averageDecay: 0.5,
};

function planBatch(spec: NetworkSpec, learningRate: number, step = 0): TrainingBatch {
  const plan = { sourceSize: 48, size: spec.inputSize, recipe: STRONG_AUGMENTATION, fill: spec.mean };
  return {
    indices: Uint32Array.from({ length: BATCH }, (_, i) => (i * 5 + step) % ROWS),
    partners: Uint32Array.from({ length: BATCH }, (_, i) => (i * 7 + 3) % ROWS),
    views: planViews(BATCH, { ...plan, random: createGenerator('views', step) }),
    learningRate,
    maskSeed: 77 + step,
  };
}

const device: OpenDevice | null = await openDevice({ allowSoftware: true });
if (!device) console.warn('WebGPU: no adapter here, not even a software one; the executor was not compared');

async function observe(engine: TrainingEngine, spec: NetworkSpec, steps: number, rate: number) {
  for (let i = 0; i < steps; i++) await engine.step(planBatch(spec, rate, i));
  engine.useWeights('averaged');
  const probabilities = await engine.predict(
    Uint32Array.from({ length: ROWS }, (_, i) => i),
    centreView(48, spec.inputSize),
  );
  return {
    metrics: await engine.readMetrics(),
    weights: await engine.readWeights(),
    average: await engine.readWeights('averaged'),
    probabilities,
  };
}

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((s, v, i) => s + (v - b[i]!) ** 2, 0)) / Math.sqrt(a.reduce((s, v) => s + v * v, 1e-12));

for (const spec of [PLAIN, COMPACT]) {
  for (const config of [
    ONE_STEP,
    { ...ONE_STEP, optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } } as TrainingConfig,
  ]) {
    test.runIf(device !== null)(
      `${spec.name}, ${config.optimizer.kind}: the executor takes the steps TensorFlow.js takes`,
      async () => {
        await chooseBackend({ only: 'wasm', print: () => {} });
        const isAdam = config.optimizer.kind === 'adam';
        const [steps, rate] = isAdam ? [3, 1e-4] : [1, 1];
        const network = buildNetwork(spec, 'compare');
        const expected = await observe(new TfjsEngine(network, data, config), spec, steps, rate);
        network.model.dispose();
        const context = new GpuContext(device!);
        const weights = initialWeights(spec, 'compare');
        const engine = new WebGpuEngine({
          context,
          spec,
          weights,
          data: uploadData(context, data.images, data.labels),
          config,
        });
        const seen = await observe(engine, spec, steps, rate);
        expect(seen.metrics.lossSum / seen.metrics.count).toBeCloseTo(
          expected.metrics.lossSum / BATCH / steps - (isAdam ? 0 : penaltyOf(spec, weights)),
          4,
        );
        parametersOf(spec).forEach((p, i) => {
          // the step itself, not the weight it is added to
          const moved = (w: Float32Array) => w.map((v, k) => v - weights[i]![k]!);
          const tolerance = isAdam ? 0.02 : 2e-3; // Adam's first steps divide by tiny gradients
          expect([p.name, distance(moved(expected.weights[i]!), moved(seen.weights[i]!))]).toEqual([
            p.name,
            expect.closeTo(0, -Math.log10(tolerance * 2)),
          ]);
        });
        expect(distance(expected.probabilities, seen.probabilities)).toBeLessThan(isAdam ? 1e-2 : 1e-3);
        engine.dispose();
      },
    );
  }
}

/** tfjs' loss holds the weight decay as a term; the executor applies it in the update. */
function penaltyOf(spec: NetworkSpec, weights: Float32Array[]): number {
  const kernels = parametersOf(spec).flatMap((p, i) => (p.role === 'kernel' ? [weights[i]!] : []));
  return (0.01 / 2) * kernels.reduce((s, w) => s + w.reduce((a, v) => a + v * v, 0), 0);
}
