import * as tf from '@tensorflow/tfjs';
import type { NetworkSpec } from '../network/spec.ts';
import { hashPosition } from '../random/position-hash.ts';

/** The network's input is (pixel - mean) / std; epsilon and stepSize are in pixel values from 0 to 1. */
export type AttackShape = Pick<NetworkSpec, 'mean' | 'std'> & { readonly epsilon: number };

const START_DOMAIN = 0x9e3779b9; // apart from the dropout masks of the same step

const keepInPixels = (x: tf.Tensor, { mean, std }: AttackShape): tf.Tensor4D =>
  tf.clipByValue(x, -mean / std, (1 - mean) / std) as tf.Tensor4D;

/** clean + uniform noise in ±epsilon, within [0, 1] (Madry et al. 2018); the noise is the executor's, position by position. */
export const randomStart = (clean: tf.Tensor4D, shape: AttackShape, seed: number): tf.Tensor4D => {
  const reach = shape.epsilon / shape.std;
  const noise = Float32Array.from(
    { length: clean.size },
    (_, i) => ((2 * hashPosition(i, (seed ^ START_DOMAIN) >>> 0)) / 4294967296 - 1) * reach,
  );
  return keepInPixels(tf.add(clean, tf.tensor4d(noise, clean.shape)), shape);
};

/** One signed step up the loss, kept within ±epsilon of the clean picture and within [0, 1]. */
export const stepAgainst = (
  loss: (x: tf.Tensor4D) => tf.Scalar,
  picture: tf.Tensor4D,
  clean: tf.Tensor4D,
  { stepSize, ...shape }: AttackShape & { readonly stepSize: number },
): tf.Tensor4D => {
  const reach = shape.epsilon / shape.std;
  const sign = tf.sign(tf.grad((x: tf.Tensor) => loss(x as tf.Tensor4D))(picture));
  const moved = tf.add(picture, tf.mul(sign, stepSize / shape.std));
  const near = tf.minimum(tf.maximum(moved, tf.sub(clean, reach)), tf.add(clean, reach));
  return keepInPixels(near, shape);
};
