import * as tf from '@tensorflow/tfjs';

/** Kernels get tensor handles; the operations they are composed of want tensors. */
export const tensorOf = <T extends tf.Tensor>(info: tf.TensorInfo): T =>
  ('rankType' in info ? info : tf.engine().makeTensorFromTensorInfo(info)) as T;
