import * as tf from '@tensorflow/tfjs';

/**
 * Gradient of a repetition: the sum over the copies. TensorFlow.js slices out and adds the copies one by one, and its layer
 * normalisation repeats scale and offset for every token of every picture: 4,608 copies at batch 128 for each of the two, which
 * kept a transformer from training on any backend. Here all repeated axes are one sum.
 */
const tileGradient: tf.GradFunc = (dy, saved, attrs) => {
  const [x] = saved as [tf.Tensor];
  const { reps } = attrs as unknown as { readonly reps: readonly number[] };
  const sumCopies = (): tf.Tensor => {
    // [r0 d0, r1 d1, ...] as [r0, d0, r1, d1, ...], without the axes of length 1: backends bound the rank.
    const axes = x.shape.flatMap((size, i) => [
      { length: reps[i]!, isRepeated: true },
      { length: size, isRepeated: false },
    ]);
    const long = axes.filter(({ length }) => length > 1);
    const repeated = long.flatMap(({ isRepeated }, i) => (isRepeated ? [i] : []));
    const copies = tf.reshape(
      dy as tf.Tensor,
      long.map(({ length }) => length),
    );
    return tf.reshape(repeated.length > 0 ? tf.sum(copies, repeated) : copies, x.shape);
  };
  return { x: sumCopies };
};

/** Gradient of a mean, its share to each place. TensorFlow.js uploads a tensor of ones as large as x to multiply it with. */
const meanGradient: tf.GradFunc = (dy, saved, attrs) => {
  const [x] = saved as [tf.Tensor];
  const { axis } = attrs as unknown as { readonly axis: number | number[] };
  const spread = (): tf.Tensor => {
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const count = axes.reduce((product, i) => product * x.shape[i]!, 1);
    return tf.broadcastTo(tf.div(tf.reshape(dy as tf.Tensor, kept), count), x.shape);
  };
  return { x: spread };
};

tf.registerGradient({ kernelName: tf.Tile, inputsToSave: ['x'], gradFunc: tileGradient });
tf.registerGradient({ kernelName: tf.Mean, inputsToSave: ['x'], gradFunc: meanGradient });
