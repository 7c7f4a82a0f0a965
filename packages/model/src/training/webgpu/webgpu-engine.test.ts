import { afterAll, expect, test } from 'vitest';
import { STRONG_AUGMENTATION } from '../../augment/recipe.ts';
import { centreView, planViews } from '../../augment/view.ts';
import { chooseBackend } from '../../backend/choose-backend.ts';
import { type OpenDevice, openDevice } from '../../backend/webgpu-device.ts';
import { buildNetwork } from '../../network/build.ts';
import { initialWeights, parametersOf } from '../../network/parameters.ts';
import { compactNetwork, hybridNetwork, type NetworkSpec } from '../../network/spec.ts';
import { createGenerator } from '../../random/keyed-generator.ts';
import { COMPACT_TRAINING, type TrainingConfig } from '../config.ts';
import type { TrainingBatch, TrainingEngine } from '../engine.ts';
import { runTraining } from '../loop.ts';
import { decodeState, encodeState } from '../state.ts';
import { TfjsEngine } from '../tfjs-engine.ts';
import { GpuContext } from './context.ts';
import { uploadData } from './predictor.ts';
import { WebGpuEngine } from './webgpu-engine.ts';

const BATCH = 8;
const COMPILE_TIMEOUT_MS = 900_000; // a software adapter on a busy machine
// Without erasing: a flat patch sits on the edge of every ReLU, where two right answers differ.
const RECIPE = { ...STRONG_AUGMENTATION, erase: 0 };
const ROWS = 24;
const random = createGenerator('engine test');
const data = {
  images: Uint8Array.from({ length: ROWS * 2304 }, () => Math.floor(random.uniform() * 256)),
  labels: Uint8Array.from({ length: ROWS }, (_, i) => i % 7),
};

/** The mission's kind of network, small. */
const PLAIN: NetworkSpec = {
  ...compactNetwork({ inputSize: 12 }),
  name: 'plain',
  initializer: 'glorot-uniform',
  layers: [
    ...[16].flatMap((filters): NetworkSpec['layers'] => [
      { kind: 'conv', filters, bias: true, relu: true },
      { kind: 'conv', filters, bias: true, relu: true },
      { kind: 'maxPool' },
      { kind: 'batchNorm', relu: false, epsilon: 1e-3, momentum: 0.9 },
    ]),
    { kind: 'flatten' },
    { kind: 'dense', units: 32, relu: true },
    { kind: 'dropout', rate: 0.5 },
    { kind: 'dense', units: 7, relu: false },
  ],
};
const COMPACT = compactNetwork({ inputSize: 14, widths: [16, 32] });
/** Widths that are no powers of two: they leave threads of a workgroup over. */
const BROAD: NetworkSpec = { ...compactNetwork({ inputSize: 14, widths: [48, 96] }), name: 'broad' };

/** Attention over the nine places of a map of 3x3. */
const HYBRID: NetworkSpec = hybridNetwork({
  ...{ inputSize: 12, widths: [16, 32], blocks: 2, heads: 2, hidden: 48, dropout: 0.2 },
});

const ONE_STEP: TrainingConfig = {
  ...COMPACT_TRAINING,
  batchSize: BATCH,
  learningRate: 1,
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0.01 },
  averageDecay: 0.5,
};

function planBatch(spec: NetworkSpec, learningRate: number, step = 0): TrainingBatch {
  const plan = { sourceSize: 48, size: spec.inputSize, recipe: RECIPE, fill: spec.mean };
  return {
    indices: Uint32Array.from({ length: BATCH }, (_, i) => (i * 5 + step) % ROWS),
    partners: Uint32Array.from({ length: BATCH }, (_, i) => (i * 7 + 3) % ROWS),
    views: planViews(BATCH, { ...plan, random: createGenerator('views', step) }),
    learningRate,
    maskSeed: 77 + step,
  };
}

// A software adapter (SwiftShader) is right but compiles for minutes: only where it is asked for.
const allowSoftware = process.env.TESTIGO_SOFTWARE_GPU === '1';
const device: OpenDevice | null = await openDevice({ allowSoftware });
if (!device)
  console.warn('WebGPU: no adapter of a GPU here; the executor was not compared with TensorFlow.js');

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

const STEPS: readonly TrainingConfig[] = [
  ONE_STEP,
  // a large epsilon: with a small one Adam steps by the sign of gradients that are next to nothing
  { ...ONE_STEP, optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 0.01 } },
];
const context = device ? new GpuContext(device) : null;
afterAll(() => context?.dispose());

for (const spec of [PLAIN, COMPACT, BROAD, HYBRID]) {
  for (const config of STEPS) {
    const isAdam = config.optimizer.kind === 'adam';
    test.runIf(context !== null)(
      `${spec.name}, ${config.optimizer.kind}: the executor takes the steps of TensorFlow.js`,
      async () => {
        await chooseBackend({ only: 'wasm', print: () => {} });
        const [steps, rate] = isAdam ? [3, 1e-4] : [1, 1];
        const network = buildNetwork(spec, 'compare');
        const expected = await observe(new TfjsEngine(network, data, config), spec, steps, rate);
        network.model.dispose();
        const weights = initialWeights(spec, 'compare');
        const resident = uploadData(context!, data.images, data.labels);
        const engine = new WebGpuEngine({
          context: context!,
          spec,
          weights,
          data: resident,
          config,
          predictBatch: BATCH,
        });
        const seen = await observe(engine, spec, steps, rate);
        const penalty = isAdam ? 0 : penaltyOf(spec, weights);
        const expectedLoss = expected.metrics.lossSum / expected.metrics.count - penalty;
        expect(seen.metrics.lossSum / seen.metrics.count).toBeCloseTo(expectedLoss, 3);
        expect(distance(expected.probabilities, seen.probabilities)).toBeLessThan(1e-3);
        const far = parametersOf(spec).flatMap((p, i) => {
          // the step itself, not the weight it is added to
          const moved = (w: Float32Array) => w.map((v, k) => v - weights[i]![k]!);
          const apart = distance(moved(expected.weights[i]!), moved(seen.weights[i]!));
          return apart < 5e-3 ? [] : [`${p.name}: ${apart}`];
        });
        expect(far).toEqual([]);
      },
      COMPILE_TIMEOUT_MS,
    );
  }
}

test.runIf(context !== null)(
  'a distilled step of the executor is that of TensorFlow.js',
  async () => {
    await chooseBackend({ only: 'wasm', print: () => {} });
    const teachers = ['first teacher', 'second teacher'];
    const config: TrainingConfig = { ...ONE_STEP, distillation: { teachers, share: 0.75 } };
    const networks = teachers.map((seed) => buildNetwork(COMPACT, seed));
    const network = buildNetwork(COMPACT, 'compare');
    const expected = await observe(new TfjsEngine(network, data, config, networks), COMPACT, 1, 1);
    for (const { model } of [network, ...networks]) model.dispose();
    const weights = initialWeights(COMPACT, 'compare');
    const engine = new WebGpuEngine({
      ...{ context: context!, spec: COMPACT, weights, config, predictBatch: BATCH },
      data: uploadData(context!, data.images, data.labels),
      teachers: teachers.map((seed) => ({ spec: COMPACT, weights: initialWeights(COMPACT, seed) })),
    });
    const seen = await observe(engine, COMPACT, 1, 1);
    const expectedLoss = expected.metrics.lossSum / expected.metrics.count - penaltyOf(COMPACT, weights);
    expect(seen.metrics.lossSum / seen.metrics.count).toBeCloseTo(expectedLoss, 3);
    expect(distance(expected.probabilities, seen.probabilities)).toBeLessThan(1e-3);
  },
  COMPILE_TIMEOUT_MS,
);

test.runIf(context !== null)(
  'a run on the executor rests, is stored and goes on from there',
  async () => {
    const config: TrainingConfig = {
      ...ONE_STEP,
      ...{
        epochs: 3,
        learningRate: 0.01,
        averageDecay: 0.8,
        transcriptEverySteps: 1,
        validationFraction: 0.25,
      },
    };
    const resident = uploadData(context!, data.images, data.labels);
    const states: Uint8Array[] = [];
    const run = async (stored?: Uint8Array) => {
      const weights = initialWeights(COMPACT, 'rest');
      const engine = new WebGpuEngine({
        ...{ context: context!, spec: COMPACT, weights, data: resident, config, predictBatch: BATCH },
      });
      return runTraining({
        ...{ ...data, spec: COMPACT, engine, config },
        ...(stored ? { resume: decodeState(stored) } : {}),
        onRest: async ({ takeState }) => void (stored ? 0 : states.push(encodeState(await takeState()))),
      });
    };
    const whole = await run();
    expect(states).toHaveLength(6); // two steps an epoch: an entry, and the epoch's end
    const resumed = await run(states[2]);
    // Sums over the batch run in a fixed order: one adapter repeats itself to the bit.
    expect(resumed.transcript.head).toBe(whole.transcript.head);
    expect(resumed.weights).toEqual(whole.weights);
  },
  COMPILE_TIMEOUT_MS,
);

/** tfjs' loss holds the weight decay as a term; the executor applies it in the update. */
function penaltyOf(spec: NetworkSpec, weights: Float32Array[]): number {
  const kernels = parametersOf(spec).flatMap((p, i) => (p.role === 'kernel' ? [weights[i]!] : []));
  return (0.01 / 2) * kernels.reduce((s, w) => s + w.reduce((a, v) => a + v * v, 0), 0);
}
