import { beforeAll, expect, test } from 'vitest';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import { buildNetwork } from '../network/build.ts';
import { hybridNetwork } from '../network/spec.ts';
import { COMPACT_TRAINING, HYBRID_TRAINING, type TrainingConfig } from './config.ts';
import type { TrainResult } from './loop.ts';
import type { TrainingProgress } from './progress.ts';
import { bars, TINY_TRAINING as CONFIG, TINY } from './tiny.test-data.ts';
import { train } from './train.ts';

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

test('trains a network with attention', async () => {
  const spec = hybridNetwork({ widths: [4, 8, 8], blocks: 1, heads: 2, hidden: 16, dropout: 0 });
  const config = { ...HYBRID_TRAINING, epochs: 3, batchSize: 14, averageDecay: 0.8, learningRate: 5e-3 };
  const network = buildNetwork(spec, 'hybrid');
  const { history } = await train({ network, config, ...bars(140) });
  expect(history[2]!.loss).toBeLessThan(history[0]!.loss);
});

test('stops when told to', async () => {
  await expect(run(CONFIG, AbortSignal.abort())).rejects.toThrow();
});
