import * as tf from '@tensorflow/tfjs';
import type { BundleContents } from '../bundle/read-bundle.ts';
import { encodeWeights } from '../bundle/weights.ts';
import { CLASS_COUNT, FACE_SIZE } from '../labels.ts';
import { createGenerator } from '../random/keyed-generator.ts';
// what TensorFlow.js must know of a network with attention: its layers, and a gradient that ends
import '../network/attention.ts';
import '../network/gradients.ts';

/** A network with gradients: pictures are [n, size, size, 1] in 0 to 1. */
export type Attackable = {
  readonly size: number;
  /** Probabilities, n x 7. */
  predict(pictures: tf.Tensor4D): tf.Tensor2D;
};

/** Loads a bundle's network into TensorFlow.js, on whatever backend was chosen. */
export const loadAttackable = async ({ network, input }: BundleContents): Promise<Attackable> => {
  const { specs, bytes } = encodeWeights(network.weights, 'float32');
  const weightData = new Uint8Array(bytes).buffer;
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology: network.topology, weightSpecs: specs, weightData }),
  );
  return {
    size: input.size,
    predict: (pictures) =>
      model.apply(tf.div(tf.sub(pictures, input.mean), input.std), { training: false }) as tf.Tensor2D,
  };
};

/** Centre crop of 48x48 gray bytes as a tensor in 0 to 1. */
export const toPictures = (pixels: Uint8Array, size: number): tf.Tensor4D =>
  tf.tidy(() => {
    const count = pixels.length / (FACE_SIZE * FACE_SIZE);
    const margin = Math.floor((FACE_SIZE - size) / 2);
    const whole = tf.tensor4d(
      Float32Array.from(pixels, (level) => level / 255),
      [count, FACE_SIZE, FACE_SIZE, 1],
    );
    return tf.slice(whole, [0, margin, margin, 0], [count, size, size, 1]);
  });

const lossOf = (net: Attackable, labels: tf.Tensor2D) => (pictures: tf.Tensor) =>
  tf.neg(
    tf.sum(tf.mul(labels, tf.log(tf.clipByValue(net.predict(pictures as tf.Tensor4D), 1e-12, 1)))),
  ) as tf.Scalar;

const oneHot = (labels: Uint8Array): tf.Tensor2D =>
  tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), CLASS_COUNT).toFloat() as tf.Tensor2D;

/** sign() of the loss gradient with respect to the pictures. */
const gradientSign = (net: Attackable, pictures: tf.Tensor4D, labels: Uint8Array): tf.Tensor4D =>
  tf.tidy(() => tf.sign(tf.grad(lossOf(net, oneHot(labels)))(pictures)) as tf.Tensor4D);

const clip = (pictures: tf.Tensor, origin: tf.Tensor, epsilon: number): tf.Tensor4D =>
  tf.clipByValue(
    tf.add(origin, tf.clipByValue(tf.sub(pictures, origin), -epsilon, epsilon)),
    0,
    1,
  ) as tf.Tensor4D;

/** Fast gradient sign (Goodfellow et al. 2015, eq. 4): one step of epsilon, no random start. */
export const attackFgsm = (
  net: Attackable,
  origin: tf.Tensor4D,
  labels: Uint8Array,
  epsilon: number,
): tf.Tensor4D =>
  tf.tidy(() => clip(tf.add(origin, tf.mul(gradientSign(net, origin, labels), epsilon)), origin, epsilon));

/** Projected gradient descent in the infinity norm (Madry et al. 2018): random start, steps of epsilon / 4. */
export const attackPgd = (
  net: Attackable,
  origin: tf.Tensor4D,
  labels: Uint8Array,
  { epsilon, steps, seed }: { readonly epsilon: number; readonly steps: number; readonly seed: string },
): tf.Tensor4D => {
  const random = createGenerator(seed, 'pgd');
  const noise = Float32Array.from({ length: origin.size }, () => random.between(-epsilon, epsilon));
  let pictures = tf.tidy(() => clip(tf.add(origin, tf.tensor4d(noise, origin.shape)), origin, epsilon));
  for (let step = 0; step < steps; step++) {
    const next = tf.tidy(() =>
      clip(tf.add(pictures, tf.mul(gradientSign(net, pictures, labels), epsilon / 4)), origin, epsilon),
    );
    pictures.dispose();
    pictures = next;
  }
  return pictures;
};

const marginsOf = async (
  net: Attackable,
  pictures: tf.Tensor4D,
  labels: Uint8Array,
): Promise<Float32Array> => {
  const scores = tf.tidy(() => net.predict(pictures));
  const values = (await scores.data()) as Float32Array;
  scores.dispose();
  return Float32Array.from(labels, (label, row) => {
    let other = 0;
    for (let c = 0; c < CLASS_COUNT; c++)
      if (c !== label) other = Math.max(other, values[row * CLASS_COUNT + c]!);
    return values[row * CLASS_COUNT + label]! - other;
  });
};

/**
 * Square (Andriushchenko et al. 2020, algorithm 1, infinity norm), with a square a tenth of the picture shrinking to a
 * pixel: it sees outputs only, so a network that merely hides its gradients falls to it.
 */
export const attackSquare = async (
  net: Attackable,
  origin: tf.Tensor4D,
  labels: Uint8Array,
  { epsilon, queries, seed }: { readonly epsilon: number; readonly queries: number; readonly seed: string },
): Promise<tf.Tensor4D> => {
  const random = createGenerator(seed, 'square');
  const { size } = net;
  const area = size * size;
  const source = (await origin.data()) as Float32Array;
  const level = (at: number, sign: number): number => Math.min(1, Math.max(0, source[at]! + sign * epsilon));
  const best = Float32Array.from(source);
  for (let row = 0; row < labels.length; row++) {
    for (let x = 0; x < size; x++) {
      const sign = random.uniform() < 0.5 ? -1 : 1;
      for (let y = 0; y < size; y++) best[row * area + y * size + x] = level(row * area + y * size + x, sign);
    }
  }
  const measure = async (values: Float32Array): Promise<Float32Array> => {
    const pictures = tf.tensor4d(values, origin.shape);
    const margins = await marginsOf(net, pictures, labels);
    pictures.dispose();
    return margins;
  };
  const margins = await measure(best);
  for (let query = 0; query < queries; query++) {
    const side = Math.max(1, Math.round(size * Math.sqrt(0.1) * (1 - query / queries)));
    const tried = Float32Array.from(best);
    for (let row = 0; row < labels.length; row++) {
      const left = Math.floor(random.uniform() * (size - side + 1));
      const top = Math.floor(random.uniform() * (size - side + 1));
      const sign = random.uniform() < 0.5 ? -1 : 1;
      for (let y = top; y < top + side; y++) {
        for (let x = left; x < left + side; x++)
          tried[row * area + y * size + x] = level(row * area + y * size + x, sign);
      }
    }
    const seen = await measure(tried);
    for (let row = 0; row < labels.length; row++) {
      if (seen[row]! >= margins[row]!) continue;
      margins[row] = seen[row]!;
      best.set(tried.subarray(row * area, (row + 1) * area), row * area);
    }
  }
  return tf.tensor4d(best, origin.shape);
};

/** Rows that the network still reads as labelled. */
export const countRight = async (
  net: Attackable,
  pictures: tf.Tensor4D,
  labels: Uint8Array,
): Promise<number> => (await marginsOf(net, pictures, labels)).filter((margin) => margin > 0).length;
