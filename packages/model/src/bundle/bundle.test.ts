import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DATASET_PAYLOAD_TYPE, openDsse, parseDatasetManifest, parseDsse } from '@testigo/trail';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeDataset, publicKeyOf, signDataset } from '../data/dataset.ts';
import type { FaceSet } from '../data/face-set.ts';
import { isModelError, type ModelErrorCode } from '../errors.ts';
import { CLASS_COUNT, PIXEL_COUNT } from '../labels.ts';
import { buildNetwork } from '../network/build.ts';
import { hybridNetwork } from '../network/spec.ts';
import { calibrateRows } from './calibrated.ts';
import { loadClassifier, openBundle } from './classifier.ts';
import { equaliseChannels } from './equalise.ts';
import { fromTfjs } from './from-tfjs.ts';
import type { LayersModel } from './layers.ts';
import type { InputForm } from './onnx/to-onnx.ts';
import { readBundle } from './read-bundle.ts';
import { assembleBundle, type BundleParts, saveBundle } from './save-bundle.ts';
import type { Precision } from './weights.ts';

const faces: FaceSet = {
  count: 6,
  pixels: Uint8Array.from({ length: 6 * PIXEL_COUNT }, (_, i) => (i * 31 + (i >> 5) * 17) % 256),
  labels: Uint8Array.of(0, 1, 2, 3, 4, 6),
  splits: Uint8Array.of(0, 0, 0, 0, 1, 1),
  source: 'made up',
};
const secretKey = new Uint8Array(32).fill(7);

/** The mission's network in small: conv, conv, pool, batch norm, flatten, dense, dropout, dense. */
const missionLike = (): tf.LayersModel => {
  const { layers } = tf;
  const model = tf.sequential();
  const convolution = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
  model.add(layers.conv2d({ ...convolution, filters: 3, inputShape: [48, 48, 1] }));
  model.add(layers.conv2d({ ...convolution, filters: 4 }));
  model.add(layers.maxPooling2d({ poolSize: 2 }));
  model.add(layers.batchNormalization());
  model.add(layers.averagePooling2d({ poolSize: 2 }));
  model.add(layers.flatten());
  model.add(layers.dense({ units: 12, activation: 'relu' }));
  model.add(layers.dropout({ rate: 0.5 }));
  model.add(layers.dense({ units: CLASS_COUNT, activation: 'softmax', name: 'probabilities' }));
  return model;
};

/** The compact network in small: conv, batch norm, ReLU, squeeze and excitation, global average. */
const compactLike = (): tf.LayersModel => {
  const { layers } = tf;
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  const input = tf.input({ shape: [44, 44, 1] });
  let x = apply(layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', useBias: false }), input);
  x = apply(layers.reLU(), apply(layers.batchNormalization({ epsilon: 1e-5 }), x));
  let gate = apply(
    layers.dense({ units: 2, activation: 'relu' }),
    apply(layers.globalAveragePooling2d({}), x),
  );
  gate = apply(
    layers.reshape({ targetShape: [1, 1, 8] }),
    apply(layers.dense({ units: 8, activation: 'sigmoid' }), gate),
  );
  x = apply(layers.maxPooling2d({ poolSize: 2 }), apply(layers.multiply(), [x, gate]));
  x = apply(layers.dropout({ rate: 0.4 }), apply(layers.globalAveragePooling2d({}), x));
  return tf.model({
    inputs: input,
    outputs: apply(layers.dense({ units: CLASS_COUNT, activation: 'softmax' }), x),
  });
};

/** The hybrid network in small: convolutions, then attention over places. */
const hybridLike = (): tf.LayersModel =>
  buildNetwork(hybridNetwork({ widths: [4, 8], blocks: 2, heads: 2, hidden: 12 }), 'parity').model;

/** Weights that are the same in every run, with batch-norm statistics whose loss in an export would be seen. */
const stir = (model: tf.LayersModel): void =>
  model.setWeights(
    model.getWeights().map((w, i) => {
      if (w.rank === 1) return tf.randomUniform(w.shape, 0.4, 1.2, 'float32', i);
      // the layers' own first weights are drawn anew each time
      const reach = Math.sqrt(6 / (w.size / w.shape.at(-1)!));
      return tf.randomUniform(w.shape, -reach, reach, 'float32', i);
    }),
  );

const partsOf = async (
  model: tf.LayersModel,
  input: InputForm,
  precision: Precision = 'float32',
): Promise<BundleParts> => {
  const dataset = describeDataset(faces, {
    name: 'made-up',
    licence: 'cc0-1.0',
    sources: ['test'],
    collectedAt: 1,
  });
  return {
    name: 'test-net',
    architecture: 'small',
    network: await fromTfjs(model),
    input,
    precision,
    dataset,
    envelope: signDataset(dataset, secretKey),
    custodianKey: publicKeyOf(secretKey),
    training: { config: { network: 'small' }, seed: 1, epochs: 0, backend: 'cpu', trainedAt: 1 },
    evaluation: { 'publictest.accuracy': 500_000 },
    calibration: { temperaturePpm: 1_500_000 },
    card: '# card\n',
  };
};

/** What TensorFlow.js says about the same pictures: centre crop, normalise, softmax of logits / 1.5. */
const expected = (model: tf.LayersModel, { size, mean, std }: InputForm): Float32Array =>
  tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(faces.pixels), [faces.count, 48, 48, 1]);
    const margin = (48 - size) / 2;
    const cut = tf.slice(pixels, [0, margin, margin, 0], [faces.count, size, size, 1]);
    const scores = model.predict(tf.div(tf.sub(tf.div(cut, 255), mean), std)) as tf.Tensor;
    return tf.softmax(tf.div(tf.log(scores), 1.5)).dataSync() as Float32Array;
  });

const gap = (a: Float32Array, b: Float32Array): number =>
  a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!)), 0);
const freshFolder = () => join(mkdtempSync(join(tmpdir(), 'testigo-bundle-')), 'bundle');
const codeOf = (action: () => unknown): ModelErrorCode | undefined => {
  try {
    action();
  } catch (error) {
    return isModelError(error) ? error.code : undefined;
  }
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('a model bundle', () => {
  const plain = { size: 48, mean: 0, std: 1 };
  const cropped = { size: 44, mean: 0.5068, std: 0.2551 };
  it.each([
    ['mission-like', missionLike, plain],
    ['compact-like', compactLike, cropped],
    ['hybrid-like', hybridLike, { size: 48, mean: 0.5068, std: 0.2551 }],
  ] as const)('predicts what TensorFlow.js predicts (%s)', async (_, build, input) => {
    const model = build();
    stir(model);
    const folder = freshFolder();
    const version = saveBundle(folder, await partsOf(model, input));
    const classifier = await openBundle(folder);
    expect(classifier.modelVersion).toBe(version);
    expect(gap(await classifier.predict(faces.pixels), expected(model, input))).toBeLessThan(2e-6);
    const ten = await classifier.predictViews(faces.pixels, 'ten-crop');
    expect(ten.length).toBe(faces.count * CLASS_COUNT);
    expect(ten.slice(0, CLASS_COUNT).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect((await classifier.embed(faces.pixels)).length).toBe(faces.count * (input === plain ? 12 : 8));
    expect(await classifier.predict(new Uint8Array(0))).toHaveLength(0);
    await expect(async () => classifier.predict(new Uint8Array(100))).rejects.toMatchObject({
      code: 'pixels-size',
    });
    await classifier.close();
  });

  it('serves probabilities that undo label smoothing and temperature, as the manifest says', async () => {
    const model = compactLike();
    stir(model);
    const folder = freshFolder();
    const calibration = { temperaturePpm: 1_100_000, labelSmoothingPpm: 100_000 };
    saveBundle(folder, { ...(await partsOf(model, cropped)), calibration });
    const classifier = await openBundle(folder);
    const logits = await classifier.logits(faces.pixels);
    const served = await classifier.predict(faces.pixels);
    expect(gap(served, calibrateRows(logits, { temperature: 1.1, labelSmoothing: 0.1 }))).toBeLessThan(2e-6);
    expect(gap(served, calibrateRows(logits, { temperature: 1.1, labelSmoothing: 0 }))).toBeGreaterThan(
      0.005,
    );
    await classifier.close();
  });

  it('is read by TensorFlow.js itself, float16 included', async () => {
    const model = missionLike();
    stir(model);
    const folder = freshFolder();
    saveBundle(folder, await partsOf(model, plain, 'float16'));
    const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
    const weightData = new Uint8Array(readFileSync(join(folder, 'weights.bin'))).buffer;
    const loaded = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }),
    );
    const classifier = await openBundle(folder);
    expect(gap(await classifier.predict(faces.pixels), expected(loaded, plain))).toBeLessThan(2e-6);
    await classifier.close();
  });

  it('carries a dataset manifest that its custodian signed', async () => {
    const folder = freshFolder();
    saveBundle(folder, await partsOf(missionLike(), plain));
    const { datasetEnvelope, manifest } = readBundle(folder);
    const opened = openDsse(parseDsse(JSON.parse(datasetEnvelope)), DATASET_PAYLOAD_TYPE, [
      publicKeyOf(secretKey),
    ]);
    expect(opened.verifiedBy).toHaveLength(1);
    const { predicate } = parseDatasetManifest(opened.payload);
    expect(predicate.splits.training).toEqual({ angry: 1, disgust: 1, fear: 1, happy: 1 });
    expect(predicate.selection.size).toBe(4);
    expect(manifest.dataset.selection).toBe(predicate.selection.root);
  });

  it('is refused when any byte of any file differs', async () => {
    const folder = freshFolder();
    saveBundle(folder, await partsOf(missionLike(), plain));
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const bytes = readFileSync(path);
      const changed = Buffer.from(bytes);
      const at = name === 'dataset.dsse.json' ? changed.indexOf('"payload":"') + 30 : bytes.length >> 1;
      changed[at]! ^= 1;
      writeFileSync(path, changed);
      const code = codeOf(() => readBundle(folder));
      // A changed hex digit of the manifest may name another digest; any other change breaks its form.
      expect(
        name === 'manifest.json'
          ? ['bundle-manifest', 'bundle-digest']
          : ['bundle-digest', 'bundle-manifest'],
      ).toContain(code);
      writeFileSync(path, bytes.subarray(0, bytes.length - 20));
      expect(codeOf(() => readBundle(folder))).toMatch(/^bundle-/);
      writeFileSync(path, bytes);
    }
    expect(readBundle(folder).manifest.name).toBe('test-net');
  });

  it('is never half-written and never overwrites what is not a bundle', async () => {
    const folder = freshFolder();
    const parts = await partsOf(missionLike(), plain);
    saveBundle(folder, parts);
    const before = readBundle(folder).modelVersion;
    const broken = { ...parts, card: 'new card', evaluation: { accuracy: 2_000_000 } };
    expect(() => saveBundle(folder, broken)).toThrow();
    // 1e6 is infinity in binary16.
    const huge = parts.network.weights.map((tensor) => ({ ...tensor, data: tensor.data.map(() => 1e6) }));
    const diverged = {
      ...parts,
      precision: 'float16',
      network: { ...parts.network, weights: huge },
    } as const;
    expect(codeOf(() => saveBundle(folder, diverged))).toBe('not-finite');
    expect(readBundle(folder).modelVersion).toBe(before);
    expect(saveBundle(folder, { ...parts, card: 'another\n' })).not.toBe(before);
    expect(readdirSync(join(folder, '..'))).toEqual(['bundle']);
    const other = freshFolder();
    mkdirSync(other);
    writeFileSync(join(other, 'thesis.txt'), 'mine');
    expect(codeOf(() => saveBundle(other, parts))).toBe('bundle-exists');
    expect(codeOf(() => readBundle(other))).toBe('bundle-not-found');
  });
});

describe('channel equalisation', () => {
  it('changes no reading, and makes 8-bit weights lose less', async () => {
    const model = compactLike();
    stir(model);
    const parts = await partsOf(model, { size: 44, mean: 0.5068, std: 0.2551 });
    // Channels of very different size and statistics to match, as training leaves them.
    const factor = (channel: number): number => 10 ** (-channel / 3);
    const scale = (name: RegExp, power: number): void => {
      const { data } = parts.network.weights.find((tensor) => name.test(tensor.name))!;
      for (let i = 0; i < data.length; i++) data[i]! *= factor(i % 8) ** power;
    };
    scale(/^conv2d.*kernel$/, 1);
    scale(/moving_mean$/, 1);
    scale(/moving_variance$/, 2);
    const read = async (network: LayersModel, precision: Precision): Promise<Float32Array> => {
      const classifier = await loadClassifier(assembleBundle({ ...parts, network, precision }).contents);
      const scores = await classifier.logits(faces.pixels);
      await classifier.close();
      return scores;
    };
    const truth = await read(parts.network, 'float32');
    const equalised = equaliseChannels(parts.network);
    expect(gap(await read(equalised, 'float32'), truth)).toBeLessThan(1e-5);
    const lossAfter = gap(await read(equalised, 'int8'), truth);
    expect(lossAfter).toBeLessThan(gap(await read(parts.network, 'int8'), truth));
  });
});
