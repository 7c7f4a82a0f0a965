import { beforeAll, describe, expect, it } from 'vitest';
import { NO_AUGMENTATION } from '../augment/recipe.ts';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import type { FaceSet } from '../data/face-set.ts';
import { bars, TINY, TINY_TRAINING } from '../training/tiny.test-data.ts';
import { decodeEvidence, encodeEvidence } from './evidence-file.ts';
import { assignFolds } from './folds.ts';
import { joinNetworks, planNetworks } from './network-evidence.ts';
import { type FoldReadings, runFold } from './network-fold.ts';

const COUNT = 210;
const FLIPPED = 40;
const { images: pixels, labels } = bars(COUNT);
labels[FLIPPED] = (labels[FLIPPED]! + 1) % 7; // no bar's mirror image either
const set: FaceSet = { count: COUNT, pixels, labels, splits: new Uint8Array(COUNT), source: 'bars' };
const options = {
  ...{ seed: 'test', folds: 2, datasetRoot: '', spec: TINY },
  // Unmoved: a shift makes one class of bar another.
  config: {
    ...TINY_TRAINING,
    epochs: 8,
    learningRate: 2e-3,
    earlyStopping: null,
    augmentation: NO_AUGMENTATION,
  },
};

const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);

describe('evidence of networks', () => {
  const jobs = planNetworks(set, options);
  let readings: FoldReadings[];

  beforeAll(async () => {
    const only = (process.env.TESTIGO_TEST_BACKEND ?? 'wasm') as BackendName;
    await chooseBackend({ only, print: () => {} });
    readings = [];
    for (const job of jobs) readings.push(await runFold(job, { images: pixels, labels }));
  });

  it('trains each network without the rows that it judges, and one on all', () => {
    const fold = assignFolds(set, 2);
    for (const held of [0, 1]) {
      expect([...jobs[held]!.judged].every((row) => fold[row] === held)).toBe(true);
      expect([...jobs[held]!.trained].every((row) => fold[row] !== held)).toBe(true);
    }
    expect(jobs).toHaveLength(3);
    expect(jobs[2]!.trained).toHaveLength(COUNT);
  });

  it('finds the one wrong label by probability and by margin', () => {
    const evidence = decodeEvidence(encodeEvidence(joinNetworks(set, options, jobs, readings)));
    expect(evidence.header).toMatchObject({ kind: 'out-of-fold-networks', rows: COUNT, folds: 2 });
    const probabilities = floats(evidence.arrays.probabilities!.bytes);
    const believed = Float32Array.from(labels, (label, row) => probabilities[row * 7 + label]!);
    const margin = floats(evidence.arrays.margin!.bytes);
    expect(believed.indexOf(Math.min(...believed))).toBe(FLIPPED);
    expect(margin.indexOf(Math.min(...margin))).toBe(FLIPPED);
  });

  it('tells probabilities, early losses and embeddings of every row', () => {
    const { arrays } = joinNetworks(set, options, jobs, readings);
    for (const name of ['probabilities', 'ownProbabilities']) {
      const scores = floats(arrays[name]!.bytes);
      for (let row = 0; row < COUNT; row++) {
        const sum = scores.subarray(row * 7, row * 7 + 7).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 4);
      }
    }
    const losses = floats(arrays.loss!.bytes);
    expect(arrays.loss!.shape).toEqual([3, COUNT]);
    expect(losses.every((loss) => loss > 0)).toBe(true);
    expect(arrays.embeddings!.shape[0]).toBe(COUNT);
  });
});
