import * as tf from '@tensorflow/tfjs';

type PoolAttributes = {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
};
type WasmHeap = {
  makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array;
};
type Pool = ReturnType<typeof tf.backend_util.computePool2DInfo>;

/** Offset of the first value of the window that equals the maximum, as the plain CPU backend chooses; -1 if none. */
function findMaximum(
  x: Float32Array,
  maximum: number,
  base: number,
  row: number,
  column: number,
  pool: Pool,
): number {
  const { inHeight, inWidth, inChannels, filterHeight, filterWidth } = pool;
  for (let u = Math.max(0, -row); u < filterHeight && row + u < inHeight; u++) {
    for (let v = Math.max(0, -column); v < filterWidth && column + v < inWidth; v++) {
      const at = base + ((row + u) * inWidth + column + v) * inChannels;
      if (x[at] === maximum) return at;
    }
  }
  return -1;
}

/** WASM ships no max-pool gradient: a loop over its heap. */
export const maxPoolGradient: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { dy, input, output } = inputs as Record<'dy' | 'input' | 'output', tf.TensorInfo>;
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as PoolAttributes;
  const shape = input.shape as [number, number, number, number];
  const pool = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const heap = backend as unknown as WasmHeap;
  const result = heap.makeOutput(shape, 'float32');
  const [out, x, y, dyValues] = [result, input, output, dy].map((t) => heap.typedArrayFromHeap(t)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  out.fill(0);
  let at = 0;
  for (let image = 0; image < pool.batchSize; image++) {
    const base = image * pool.inHeight * pool.inWidth * pool.inChannels;
    for (let i = 0; i < pool.outHeight; i++) {
      for (let j = 0; j < pool.outWidth; j++) {
        const row = i * pool.strideHeight - pool.padInfo.top;
        const column = j * pool.strideWidth - pool.padInfo.left;
        for (let c = 0; c < pool.inChannels; c++, at++) {
          const source = findMaximum(x, y[at]!, base + c, row, column, pool);
          if (source >= 0) out[source] = out[source]! + dyValues[at]!;
        }
      }
    }
  }
  return result;
};
