import { expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { SAMPLES } from '../../test/manifests.ts';
import { computeRoot } from '../log/verify.ts';
import {
  datasetRootOf,
  encodeSample,
  hashSample,
  parseSample,
  type Sample,
  selectLiveSamples,
} from './sample.ts';

const [first, second, third, correction] = SAMPLES as [Sample, Sample, Sample, Sample];

test('a sample reads back, with nothing unknown in it', () => {
  for (const sample of SAMPLES) expect(parseSample(encodeSample(sample))).toEqual(sample);
  for (const bad of [
    { extra: 1 },
    { label: 'Angry!' },
    { contentSha256: 'ab' },
    { index: -1 },
    { tombstone: false },
  ])
    expectCode('bad-sample', () => encodeSample({ ...first, ...bad } as Sample));
});

test('a dataset root is the RFC 6962 root over the samples in order', () => {
  expect(datasetRootOf(SAMPLES)).toEqual(computeRoot(SAMPLES.map(hashSample)));
  expectCode('bad-sample', () => datasetRootOf([second, first]));
  expectCode('bad-sample', () => datasetRootOf([first, first]));
});

test('a correction supersedes and a tombstone withdraws; both stay visible as leaves', () => {
  expect(selectLiveSamples(SAMPLES)).toEqual([first, third, correction]);
  const tombstone: Sample = { ...correction, index: 4, supersedes: 3, tombstone: true };
  expect(selectLiveSamples([...SAMPLES, tombstone])).toEqual([first, third]);
  expect(datasetRootOf([...SAMPLES, tombstone])).not.toEqual(datasetRootOf(SAMPLES));
});

test('one sample id has one history', () => {
  const { supersedes: _, ...repeated } = correction;
  expectCode('bad-sample', () => datasetRootOf([first, second, third, repeated]));
  expectCode('bad-sample', () => datasetRootOf([first, second, third, { ...correction, supersedes: 0 }]));
  const branch: Sample = { ...correction, index: 4 };
  expectCode('bad-sample', () => datasetRootOf([...SAMPLES, branch]));
});

test('a sample supersedes only an earlier one, and a tombstone always one', () => {
  expectCode('bad-sample', () => encodeSample({ ...first, supersedes: 0 }));
  expectCode('bad-sample', () => encodeSample({ ...first, tombstone: true }));
});
