import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createGenerator } from '../random/keyed-generator.ts';
import { type Attackable, attackFgsm, attackPgd, attackSquare, countRight, toPictures } from './attacks.ts';

const SIZE = 48;
const COUNT = 6;
let net: Attackable;
let masked: Attackable;
let pictures: tf.Tensor4D;
let labels: Uint8Array;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const random = createGenerator('attacks');
  const weights = tf.tensor2d(
    Float32Array.from({ length: SIZE * SIZE * 7 }, () => 0.05 * random.normal()),
    [SIZE * SIZE, 7],
  );
  const logits = (x: tf.Tensor4D): tf.Tensor2D => tf.matMul(tf.reshape(x, [-1, SIZE * SIZE]), weights);
  net = { size: SIZE, predict: (x) => tf.softmax(logits(x)) };
  // Saturated: the loss is flat, so its gradient is zero, though the decision is as weak as before.
  masked = { size: SIZE, predict: (x) => tf.softmax(tf.mul(logits(x), 1e4)) };
  pictures = toPictures(
    Uint8Array.from({ length: COUNT * SIZE * SIZE }, () => 256 * random.uniform()),
    SIZE,
  );
  labels = Uint8Array.from(await tf.argMax(net.predict(pictures), 1).data());
});

const farthest = (attacked: tf.Tensor): number => tf.max(tf.abs(tf.sub(attacked, pictures))).dataSync()[0]!;

describe('attacks', () => {
  const epsilon = 8 / 255;
  it('stay within their bound and within a picture', async () => {
    const attacked = [
      attackFgsm(net, pictures, labels, epsilon),
      attackPgd(net, pictures, labels, { epsilon, steps: 4, seed: 'a' }),
      await attackSquare(net, pictures, labels, { epsilon, queries: 3, seed: 'a' }),
    ];
    for (const result of attacked) {
      expect(farthest(result)).toBeLessThanOrEqual(epsilon + 1e-6);
      expect(tf.min(result).dataSync()[0]).toBeGreaterThanOrEqual(0);
      expect(tf.max(result).dataSync()[0]).toBeLessThanOrEqual(1);
    }
  });

  it('fool a linear network, the same way on every run', async () => {
    expect(await countRight(net, pictures, labels)).toBe(COUNT);
    expect(await countRight(net, attackFgsm(net, pictures, labels, epsilon), labels)).toBe(0);
    const options = { epsilon, steps: 3, seed: 'b' };
    const [first, second] = [
      attackPgd(net, pictures, labels, options),
      attackPgd(net, pictures, labels, options),
    ];
    expect(await first.data()).toEqual(await second.data());
    expect(await countRight(net, first, labels)).toBe(0);
  });

  it('show a network that only hides its gradient: the black box beats the gradient', async () => {
    const byGradient = await countRight(masked, attackFgsm(masked, pictures, labels, epsilon), labels);
    const square = await attackSquare(masked, pictures, labels, {
      epsilon: 32 / 255,
      queries: 40,
      seed: 'c',
    });
    expect(byGradient).toBe(COUNT);
    expect(await countRight(masked, square, labels)).toBeLessThan(byGradient);
  });
});
