import * as tf from '@tensorflow/tfjs';
import type { OptimizerConfig } from './config.ts';

export const createOptimizer = (optimizer: OptimizerConfig, learningRate: number): tf.Optimizer =>
  optimizer.kind === 'adam'
    ? tf.train.adam(learningRate, optimizer.beta1, optimizer.beta2, optimizer.epsilon)
    : tf.train.momentum(learningRate, optimizer.momentum, true);

/** What Adam multiplies up step by step; tfjs would restore it as a power, which differs in the last bits. */
type AdamPowers = { readonly accBeta1: tf.Variable; readonly accBeta2: tf.Variable };
const powersOf = (optimizer: tf.Optimizer): tf.Variable[] => {
  const { accBeta1, accBeta2 } = optimizer as unknown as Partial<AdamPowers>;
  return accBeta1 && accBeta2 ? [accBeta1, accBeta2] : [];
};

/** Count of steps, moments of each variable, and Adam's powers. */
export const readOptimizer = async (optimizer: tf.Optimizer): Promise<Float32Array[]> => {
  const [count, ...moments] = await optimizer.getWeights();
  const tensors = [count!.tensor, ...moments.map(({ tensor }) => tensor), ...powersOf(optimizer)];
  const values = await Promise.all(tensors.map(async (tensor) => Float32Array.from(await tensor.data())));
  count!.tensor.dispose(); // made for this call; the others are the optimizer's own
  return values;
};

/** Puts back what `readOptimizer` gave, for an optimizer of `trained` in this order. */
export const writeOptimizer = async (
  optimizer: tf.Optimizer,
  state: readonly Float32Array[],
  trained: readonly tf.Variable[],
): Promise<void> => {
  const powers = powersOf(optimizer);
  const [count, ...moments] = state.slice(0, state.length - powers.length);
  const tensors = moments.map((values, i) =>
    tf.tensor(values, trained[i % trained.length]!.shape, 'float32'),
  );
  const steps = tf.scalar(count![0]!, 'int32');
  await optimizer.setWeights(
    [steps, ...tensors].map((tensor, i) => ({ name: i === 0 ? 'iter' : `moment${i}`, tensor })),
  );
  tf.tidy(() => {
    powers.forEach((power, i) => {
      power.assign(tf.scalar(state[state.length - powers.length + i]![0]!));
    });
  });
  tf.dispose([steps, ...tensors]);
};
