import { beforeAll, expect, test } from 'vitest';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import { buildNetwork } from '../network/build.ts';
import { compactNetwork, type NetworkSpec } from '../network/spec.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import { COMPACT_TRAINING, MISSION_TRAINING, type TrainingConfig } from './config.ts';
import type { TrainingProgress, TrainResult } from './loop.ts';
import { train } from './train.ts';

/** Pictures whose class is the place of a bright bar: learnable in a few steps. */
function bars(count: number): { images: Uint8Array; labels: Uint8Array } {
  const random = createGenerator('bars');
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 7);
  const images = Uint8Array.from({ length: count * 2304 }, (_, p) => {
    const column = p % 48;
    const label = labels[Math.floor(p / 2304)]!;
    const bright = column >= 3 + label * 6 && column < 8 + label * 6;
    return (bright ? 200 : 40) + Math.floor(random.uniform() * 40);
  });
  return { images, labels };
}

const TINY: NetworkSpec = {
  ...compactNetwork({ widths: [8, 8], dropout: 0.2 }),
  layers: [
    { kind: 'conv', filters: 8, bias: true, relu: true },
    { kind: 'maxPool' },
    { kind: 'batchNorm', relu: false, epsilon: 1e-3, momentum: 0.9 },
    { kind: 'maxPool' },
    { kind: 'flatten' },
    { kind: 'dropout', rate: 0.2 },
    { kind: 'dense', units: 7, relu: false },
  ],
};
const CONFIG: TrainingConfig = {
  ...MISSION_TRAINING,
  seed: 'test',
  epochs: 3,
  batchSize: 14,
  transcriptEverySteps: 4,
};

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
  expect(result.transcript.entries.length).toBe(Math.floor((3 * 8) / 4) + 1);
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

test('stops when told to', async () => {
  await expect(run(CONFIG, AbortSignal.abort())).rejects.toThrow();
});
