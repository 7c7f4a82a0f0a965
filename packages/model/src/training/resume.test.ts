import { beforeAll, describe, expect, it } from 'vitest';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import { buildNetwork } from '../network/build.ts';
import { COMPACT_TRAINING, fastAdversarial, type TrainingConfig } from './config.ts';
import type { TrainResult } from './loop.ts';
import { watchEpochs } from './schedule.ts';
import { decodeState, encodeState, StateUnreadable, type TrainingState } from './state.ts';
import { bars, TINY, TINY_TRAINING } from './tiny.test-data.ts';
import { train } from './train.ts';
import { hashTensors } from './transcript.ts';

const DATA = bars(140);
const COSINE: TrainingConfig = {
  ...COMPACT_TRAINING,
  ...{ seed: 'test', epochs: 3, batchSize: 14, averageDecay: 0.8, learningRate: 0.01 },
  ...{ transcriptEverySteps: 5, validationFraction: 0.1 },
};

const run = async (
  config: TrainingConfig,
  stored?: Uint8Array,
  states?: Uint8Array[],
): Promise<TrainResult> =>
  train({
    network: buildNetwork(TINY, config.seed),
    config,
    ...DATA,
    ...(stored ? { resume: decodeState(stored) } : {}),
    onRest: async ({ takeState }) => void states?.push(encodeState(await takeState())),
  });

const resultOf = ({ transcript, weights, history, bestEpoch }: TrainResult) => ({
  head: transcript.head,
  weights: hashTensors(weights),
  history,
  bestEpoch,
});

beforeAll(async () => {
  const only = (process.env.TESTIGO_TEST_BACKEND ?? 'wasm') as BackendName;
  await chooseBackend({ only, print: () => {} });
});

describe('a run that goes on from a stored state', () => {
  const cases: [string, TrainingConfig][] = [
    ['Adam, plateau, early stopping', TINY_TRAINING],
    ['momentum, cosine, mixup, averaged weights', COSINE],
    ['adversarial training', { ...fastAdversarial(COSINE, 4 / 255), epochs: 2 }],
  ];
  it.each(cases)('ends as the unbroken one, wherever it was stored: %s', async (_, config) => {
    const states: Uint8Array[] = [];
    const whole = resultOf(await run(config, undefined, states));
    // Each epoch's end, and each transcript entry that is not at one.
    expect(states.length).toBeGreaterThan(config.epochs);
    for (const state of states) expect(resultOf(await run(config, state))).toEqual(whole);
  });

  it('is refused with another configuration or other data', async () => {
    const states: Uint8Array[] = [];
    await run({ ...TINY_TRAINING, epochs: 1 }, undefined, states);
    await expect(run({ ...TINY_TRAINING, epochs: 2 }, states[0])).rejects.toMatchObject({
      code: 'resume-mismatch',
    });
    const resume = decodeState(states[0]!);
    const labels = DATA.labels.map((label) => (label + 1) % 7);
    const network = buildNetwork(TINY, TINY_TRAINING.seed);
    const request = { network, config: { ...TINY_TRAINING, epochs: 1 }, images: DATA.images, labels, resume };
    await expect(train(request)).rejects.toMatchObject({ code: 'resume-mismatch' });
  });
});

const STATE: TrainingState = {
  engine: { steps: 3, weights: [Float32Array.of(1, -0)], average: null, optimizer: [Float32Array.of(0.1)] },
  watch: watchEpochs(TINY_TRAINING, 8).state,
  best: { epoch: 1, weights: [Float32Array.of(2, 3)] },
  isStopped: false,
  history: [
    {
      epoch: 1,
      loss: 0.1,
      accuracy: 1 / 3,
      validationLoss: Number.NaN,
      validationAccuracy: Number.NaN,
      learningRate: 1,
    },
  ],
  totals: { lossSum: 0.3, correct: 1, count: 2 },
  transcript: {
    ...{ type: 'testigo.training-transcript', version: 1 },
    ...{ config: 'ab'.repeat(32), data: 'cd'.repeat(32), weights: 'ef'.repeat(32), entries: [] },
  },
};

describe('a state file', () => {
  it('gives back every bit, what is not finite included', () => {
    expect(decodeState(encodeState(STATE))).toEqual(STATE);
  });

  it('is refused when any byte differs or is missing', () => {
    const bytes = encodeState(STATE);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      expect(() => decodeState(changed)).toThrow(StateUnreadable);
      expect(() => decodeState(bytes.subarray(0, at))).toThrow(StateUnreadable);
    }
  });
});

describe('the guard of adversarial training', () => {
  it('keeps the best epoch and stops where accuracy under attack falls to under half of it', () => {
    const watch = watchEpochs(TINY_TRAINING, 8);
    const verdicts = [0.2, 0.4, 0.38, 0.25, 0.1].map((accuracy) => watch.seeRobust(accuracy));
    expect(verdicts.map(({ isBest }) => isBest)).toEqual([true, true, false, false, false]);
    expect(verdicts.map(({ stop }) => stop)).toEqual([false, false, false, false, true]);
  });
});
