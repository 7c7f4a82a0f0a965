import * as tf from '@tensorflow/tfjs';
import { tensorOf } from './tensor-of.ts';

type FilterGradientAttributes = {
  filterShape: [number, number, number, number];
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
};

/**
 * dW[i, j] = X shifted by (i, j), transposed, times dY: one matrix product for each filter tap, on the backend's
 * own kernels (WASM ships no filter gradient). On WASM the product is only fast without a transpose flag.
 */
export const filterGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const x = tensorOf<tf.Tensor4D>(inputs.x!);
  const dy = tensorOf<tf.Tensor4D>(inputs.dy!);
  const { filterShape, strides, pad, dimRoundingMode } = attrs as unknown as FilterGradientAttributes;
  const conv = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
  if (conv.strideHeight !== 1 || conv.strideWidth !== 1) throw new Error('filter gradient: stride 1 only');
  const { batchSize, outHeight, outWidth, inChannels, padInfo } = conv;
  return tf.tidy(() => {
    const padded = tf.pad(x, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
    const rows = batchSize * outHeight * outWidth;
    const flatDy = tf.reshape(dy, [rows, conv.outChannels]);
    const taps: tf.Tensor2D[] = [];
    for (let i = 0; i < conv.filterHeight; i++) {
      for (let j = 0; j < conv.filterWidth; j++) {
        const shifted = tf.slice(padded, [0, i, j, 0], [batchSize, outHeight, outWidth, inChannels]);
        const column = tf.reshape(shifted, [rows, inChannels]) as tf.Tensor2D;
        const turned = inChannels === 1 ? tf.reshape(column, [1, rows]) : tf.transpose(column);
        taps.push(tf.matMul(turned as tf.Tensor2D, flatDy as tf.Tensor2D));
      }
    }
    return tf.reshape(tf.concat(taps, 0), filterShape);
  });
};
