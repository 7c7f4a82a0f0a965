import * as tf from '@tensorflow/tfjs';

/** 1 where x > 0, else 0: half of every ReLU's gradient. tfjs-node chooses between ones and zeros that it first uploads. */
export const step: tf.KernelFunc = ({ inputs: { x }, attrs }) => {
  const { alpha } = attrs as unknown as { readonly alpha: number };
  return tf.tidy(() => {
    const isAbove = tf.greater(x as tf.Tensor, 0);
    const above = tf.cast(isAbove, 'float32');
    return alpha === 0 ? above : tf.add(above, tf.mul(tf.cast(tf.logicalNot(isAbove), 'float32'), alpha));
  });
};
