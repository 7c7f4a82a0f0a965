import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { createGenerator } from '../random/keyed-generator.ts';
import './gradients.ts';

const random = (shape: number[]): tf.Tensor => {
  const { between } = createGenerator('gradients', shape.join('x'));
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => between(-1, 1)),
    shape,
  );
};

/** d(sum of f(x) · weights)/dx by central differences, which float32 gives to about 1e-3. */
const differences = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, weights: tf.Tensor): number[] => {
  const values = x.dataSync();
  const valueAt = (at: number, by: number): number => {
    const moved = tf.tensor(
      Float32Array.from(values, (v, i) => (i === at ? v + by : v)),
      x.shape,
    );
    return tf.sum(tf.mul(f(moved), weights)).dataSync()[0]!;
  };
  return Array.from(values, (_, at) => (valueAt(at, 0.05) - valueAt(at, -0.05)) / 0.1);
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const CASES: readonly [string, number[], (x: tf.Tensor) => tf.Tensor][] = [
  ['tile of every axis', [2, 3, 2], (x) => tf.tile(x, [3, 2, 4])],
  ['tile of tokens, as layer normalisation does', [3, 4, 1], (x) => tf.tile(x, [1, 1, 5])],
  ['tile of a vector over pictures and tokens', [1, 1, 5], (x) => tf.tile(x, [3, 4, 1])],
  ['tile that repeats nothing', [2, 3], (x) => tf.tile(x, [1, 1])],
  ['tile of rank 1', [4], (x) => tf.tile(x, [3])],
  ['mean over everything', [2, 3, 2], (x) => tf.mean(x)],
  ['mean over the last axis, kept', [2, 3, 4], (x) => tf.mean(x, -1, true)],
  ['mean over two axes', [2, 3, 4], (x) => tf.mean(x, [0, 2])],
];

test.each(CASES)('the gradient of a %s is what differences give', (_, shape, f) => {
  const x = random(shape);
  const weights = random(f(x).shape);
  const seen = tf.grad((input) => f(input))(x, weights);
  expect(seen.shape).toEqual(shape);
  const expected = differences(f, x, weights);
  seen.dataSync().forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 3);
  });
});

test('layer normalisation trains with as many kernels for many pictures as for few', async () => {
  const layer = tf.layers.layerNormalization({ epsilon: 1e-5 });
  layer.build([null, 6, 8]);
  const countKernels = async (pictures: number): Promise<number> => {
    const x = random([pictures, 6, 8]);
    const loss = (): tf.Scalar => tf.sum(layer.apply(x) as tf.Tensor);
    return (await tf.profile(() => tf.variableGrads(loss).value)).kernels.length;
  };
  const few = await countKernels(2);
  expect(few).toBeGreaterThan(0);
  expect(await countKernels(16)).toBe(few);
});
