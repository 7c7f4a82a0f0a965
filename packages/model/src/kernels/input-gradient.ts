import * as tf from '@tensorflow/tfjs';
import { tensorOf } from './tensor-of.ts';

type InputGradientAttributes = {
  inputShape: [number, number, number, number];
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
};

/** dX of a stride-1 convolution is the convolution of dY with the turned, transposed filter. */
export const inputGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const dy = tensorOf<tf.Tensor4D>(inputs.dy!);
  const filter = tensorOf<tf.Tensor4D>(inputs.filter!);
  const { inputShape, strides, pad, dimRoundingMode } = attrs as unknown as InputGradientAttributes;
  const conv = tf.backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode);
  if (conv.strideHeight !== 1 || conv.strideWidth !== 1) throw new Error('input gradient: stride 1 only');
  const { top, bottom, left, right } = conv.padInfo;
  return tf.tidy(() => {
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as tf.Tensor4D;
    const padded = tf.pad(dy, [
      [0, 0],
      [conv.filterHeight - 1 - top, conv.filterHeight - 1 - bottom],
      [conv.filterWidth - 1 - left, conv.filterWidth - 1 - right],
      [0, 0],
    ]);
    return tf.conv2d(padded, turned, 1, 'valid');
  });
};
