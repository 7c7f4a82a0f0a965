import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import { createGenerator } from '../random/keyed-generator.ts';

// Another backend that trains is tested by name: scripts/check-tensorflow-binding.ts does.
const BACKEND = (process.env.TESTIGO_TEST_BACKEND ?? 'wasm') as BackendName;

function randomTensor(name: string, shape: number[]): tf.Tensor {
  const random = createGenerator('gradients', name);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.between(-1, 1)),
    shape,
  );
}

async function gradients(): Promise<Float32Array[]> {
  const x = randomTensor('x', [2, 12, 12, 8]) as tf.Tensor4D;
  const w = randomTensor('w', [3, 3, 8, 16]) as tf.Tensor4D;
  const gray = randomTensor('gray', [2, 12, 12, 1]) as tf.Tensor4D;
  const first = randomTensor('first', [3, 3, 1, 16]) as tf.Tensor4D;
  const dy = randomTensor('dy', [2, 12, 12, 16]);
  const conv = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same');
  const pool = (a: tf.Tensor) => tf.maxPool(tf.relu(a as tf.Tensor4D), 2, 2, 'valid');
  const all = [
    ...tf.grads(conv)([x, w], dy),
    ...tf.grads(conv)([gray, first], dy),
    tf.grad(pool)(x, randomTensor('pooled', [2, 6, 6, 8])),
  ];
  return Promise.all(all.map(async (t) => Float32Array.from(await t.data())));
}

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((s, v, i) => s + (v - b[i]!) ** 2, 0) / a.reduce((s, v) => s + v * v, 0));

test(`the training kernels of ${BACKEND} agree with the plain CPU backend`, async () => {
  await chooseBackend({ only: 'cpu', print: () => {} });
  const reference = await gradients();
  await chooseBackend({ only: BACKEND, print: () => {} });
  const seen = await gradients();
  seen.forEach((values, i) => {
    expect(distance(reference[i]!, values)).toBeLessThan(1e-6);
  });
});
