import { beforeAll, expect, test } from 'vitest';
import { centreView } from '../augment/view.ts';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import { buildNetwork } from '../network/build.ts';
import { hybridNetwork } from '../network/spec.ts';
import { COMPACT_TRAINING, HYBRID_TRAINING, type TrainingConfig } from './config.ts';
import type { TrainResult } from './loop.ts';
import type { TrainingProgress } from './progress.ts';
import { watchEpochs } from './schedule.ts';
import { bars, TINY_TRAINING as CONFIG, TINY } from './tiny.test-data.ts';
import { fitConfig, openEngine, train } from './train.ts';

async function run(
  config: TrainingConfig,
  signal?: AbortSignal,
): Promise<{ result: TrainResult; seen: TrainingProgress[] }> {
  const seen: TrainingProgress[] = [];
  const network = buildNetwork(TINY, config.seed);
  const onProgress = (p: TrainingProgress) => seen.push(p);
  const result = await train({ network, config, onProgress, ...bars(140), ...(signal ? { signal } : {}) });
  return { result, seen };
}

beforeAll(async () => {
  const only = (process.env.TESTIGO_TEST_BACKEND ?? 'wasm') as BackendName;
  await chooseBackend({ only, print: () => {} });
});

test('learns, reports each epoch, and writes the same transcript again', async () => {
  const { result, seen } = await run(CONFIG);
  expect(result.history).toHaveLength(3);
  expect(result.history[2]!.loss).toBeLessThan(result.history[0]!.loss);
  expect(seen.filter((p) => p.type === 'epoch')).toHaveLength(3);
  expect(result.validationRows).toHaveLength(28);
  expect(result.transcript.file.entries.length).toBe(Math.floor((3 * 8) / 4) + 1);
  const again = await run(CONFIG);
  expect(again.result.transcript.head).toBe(result.transcript.head);
  const other = await run({ ...CONFIG, seed: 'other' });
  expect(other.result.transcript.head).not.toBe(result.transcript.head);
});

test('trains with mixup, label smoothing, Nesterov momentum and a running average', async () => {
  const config = {
    ...COMPACT_TRAINING,
    epochs: 4,
    batchSize: 14,
    averageDecay: 0.8,
    validationFraction: 0.1,
  };
  const { result } = await run({ ...config, learningRate: 0.01 });
  expect(result.history[3]!.loss).toBeLessThan(result.history[0]!.loss);
  expect(result.bestEpoch).toBe(4);
});

test('a short run warms up over its first tenth and averages its last one, a long one does as its recipe says', () => {
  const fit = (epochs: number, count: number): TrainingConfig =>
    fitConfig({ ...COMPACT_TRAINING, epochs }, count);
  expect(fit(70, 28_709)).toMatchObject({ averageDecay: 0.999, schedule: COMPACT_TRAINING.schedule });
  const short = fit(10, 1280);
  expect(short.averageDecay).toBeCloseTo(1 - 10 / 100, 12);
  expect(short.schedule).toEqual({ kind: 'cosine', warmupEpochs: 1 });
  expect(fit(1, 128).averageDecay).toBe(0);
  expect(fitConfig(short, 1280)).toEqual(short);
  const { averageDecay, schedule } = fitConfig(CONFIG, 140);
  expect({ averageDecay, schedule }).toEqual({ averageDecay: null, schedule: CONFIG.schedule });
});

test('no rate of a run of few steps is above its peak, and its last ones are the lowest', () => {
  for (const [epochs, stepsPerEpoch] of [
    [1, 3],
    [2, 7],
    [12, 215],
  ] as const) {
    const config = fitConfig({ ...COMPACT_TRAINING, epochs, batchSize: 1 }, stepsPerEpoch);
    const { rate } = watchEpochs(config, stepsPerEpoch);
    const rates = Array.from({ length: epochs * stepsPerEpoch }, (_, step) => rate(step));
    expect(Math.max(...rates)).toBeLessThanOrEqual(config.learningRate);
    expect(Math.min(...rates)).toBe(rates.at(-1));
  }
});

test('trains a network with attention', async () => {
  const spec = hybridNetwork({ widths: [4, 8, 8], blocks: 1, heads: 2, hidden: 16, dropout: 0 });
  const config = { ...HYBRID_TRAINING, epochs: 3, batchSize: 14, averageDecay: 0.8, learningRate: 5e-3 };
  const network = buildNetwork(spec, 'hybrid');
  const { history } = await train({ network, config, ...bars(140) });
  expect(history[2]!.loss).toBeLessThan(history[0]!.loss);
});

test('learns what its teacher says where that is all of the targets, whatever the labels are', async () => {
  const data = bars(140);
  const turned = data.labels.map((label) => (label + 1) % 7);
  const config = { ...CONFIG, epochs: 12, learningRate: 0.01, validationFraction: 0 };
  const teacher = buildNetwork(TINY, 'teacher');
  await train({ network: teacher, config, images: data.images, labels: turned });
  const network = buildNetwork(TINY, 'student');
  const taught = { ...config, distillation: { teachers: ['teacher'], share: 1 } };
  const { history } = await train({ network, config: taught, teachers: [teacher], ...data });
  const rows = Uint32Array.from(data.labels.keys());
  const engine = await openEngine(network, data, config);
  const read = await engine.predict(rows, centreView(48, TINY.inputSize));
  engine.dispose();
  const agrees = (labels: Uint8Array): number =>
    labels.filter((label, i) => {
      const p = read.subarray(7 * i, 7 * i + 7);
      return p.indexOf(Math.max(...p)) === label;
    }).length;
  expect(agrees(turned)).toBeGreaterThan(100);
  expect(agrees(data.labels)).toBeLessThan(20);
  expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
  await expect(train({ network, config: taught, ...data })).rejects.toThrow(/names 1 teachers/);
});

test('says where the loss ceased to be a number', async () => {
  await expect(run({ ...CONFIG, learningRate: 1e30 })).rejects.toMatchObject({
    code: 'training-diverged',
    // Kernels differ in whether the training's or the validation's loss is the first to go.
    details: { epoch: 1, seen: expect.stringMatching(/loss is (NaN|-?Infinity)$/) },
  });
});

test('stops when told to', async () => {
  await expect(run(CONFIG, AbortSignal.abort())).rejects.toThrow();
});

test('hears of a stop between two steps, though a backend may compute without a pause', async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort());
  await expect(run(CONFIG, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
});
