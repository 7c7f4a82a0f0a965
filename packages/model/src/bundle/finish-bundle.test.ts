import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { prefixesOf } from '../data/copies.ts';
import type { FaceSet } from '../data/face-set.ts';
import { decodeReference, encodeReference, REFERENCE_FILE } from '../evidence/reference.ts';
import { REFERENCE_HEAD_FILE } from '../evidence/reference-head.ts';
import { buildNetwork } from '../network/build.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import { bars, TINY } from '../training/tiny.test-data.ts';
import { type FinishRequest, finishBundle } from './finish-bundle.ts';
import { fromTfjs } from './from-tfjs.ts';

const COUNT = 21;
const { images: pixels, labels } = bars(COUNT);
const set: FaceSet = { count: COUNT, pixels, labels, splits: new Uint8Array(COUNT), source: 'bars' };
const rows = labels.map((_, row) => row);
const secretKey = new Uint8Array(32).fill(3);

/** A file as networks' readings leave it: any levels at all, whose squares need not add up to 1. */
const makeReference = (): Uint8Array => {
  const random = createGenerator('reference');
  const prefixes = [...prefixesOf(set, [...rows])].sort();
  return Buffer.concat(
    prefixes.flatMap((prefix) => [
      Buffer.from(prefix, 'hex'),
      Uint8Array.from({ length: 7 }, () => random.between(0, 256)),
    ]),
  );
};

const finish = async (folder: string, reference: Uint8Array): Promise<string> => {
  const request: FinishRequest = {
    ...{ folder, name: 'bars', architecture: 'tiny', precision: 'float16', set },
    network: await fromTfjs(buildNetwork(TINY, 'bars').model),
    input: { size: TINY.inputSize, mean: TINY.mean, std: TINY.std },
    dataset: { name: 'bars', licence: 'cc0-1.0', sources: ['test'], collectedAt: 1 },
    trainRows: [...rows],
    calibration: { temperaturePpm: 1_000_000 },
    test: null,
    training: { config: { network: 'tiny' }, seed: 1, epochs: 0, backend: 'cpu', trainedAt: 1 },
    custodianSecretKey: secretKey,
    facts: { summary: 'Bars.', training: 'None.', calibration: 'none', notes: [] },
    reference,
  };
  return (await finishBundle(request)).modelVersion;
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('a bundle made again from the reference readings that it stores is the same, to the byte', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'testigo-finish-')), 'bundle');
  const reference = makeReference();
  expect(encodeReference(decodeReference(reference))).not.toEqual(Buffer.from(reference)); // decoding loses bits
  const version = await finish(folder, reference);
  const stored = new Uint8Array(readFileSync(join(folder, REFERENCE_FILE)));
  expect(Buffer.from(stored)).toEqual(Buffer.from(reference));
  const head = readFileSync(join(folder, REFERENCE_HEAD_FILE));
  expect(await finish(folder, stored)).toBe(version);
  expect(readFileSync(join(folder, REFERENCE_HEAD_FILE))).toEqual(head);
});
