/** A network as data, from which the TensorFlow.js model and the WebGPU executor are both built. */
export type LayerSpec =
  | { readonly kind: 'conv'; readonly filters: number; readonly bias: boolean; readonly relu: boolean } // 3x3, same
  | {
      readonly kind: 'batchNorm';
      readonly relu: boolean;
      readonly epsilon: number;
      readonly momentum: number;
    }
  | { readonly kind: 'maxPool' } // 2x2, stride 2, valid
  | { readonly kind: 'squeezeExcite'; readonly reduced: number }
  | { readonly kind: 'tokens' } // a map [side, side, c] as side² tokens, with learnt positions
  | { readonly kind: 'encoder'; readonly heads: number; readonly hidden: number } // pre-norm transformer block
  | { readonly kind: 'layerNorm' }
  | { readonly kind: 'globalAverage' } // over pixels or tokens
  | { readonly kind: 'flatten' }
  | { readonly kind: 'dense'; readonly units: number; readonly relu: boolean } // without relu: the logits
  | { readonly kind: 'dropout'; readonly rate: number };

export type NetworkSpec = {
  readonly name: string;
  /** Side of the square gray input. */
  readonly inputSize: number;
  /** The input is (pixel / 255 - mean) / std. */
  readonly mean: number;
  readonly std: number;
  readonly initializer: 'glorot-uniform' | 'he-normal';
  readonly layers: readonly LayerSpec[];
};

/** Added to the variance of a layer normalisation. */
export const LAYER_NORM_EPSILON = 1e-5;

export const CLASS_COUNT = 7;
export const SOURCE_SIZE = 48;

const missionBlock = (filters: number): LayerSpec[] => [
  { kind: 'conv', filters, bias: true, relu: true },
  { kind: 'conv', filters, bias: true, relu: true },
  { kind: 'maxPool' },
  { kind: 'batchNorm', relu: false, epsilon: 1e-3, momentum: 0.99 },
];

/** The mission's network: 1,469,031 parameters, 1,468,583 of them trained. */
export const MISSION_NETWORK: NetworkSpec = {
  name: 'mission',
  inputSize: 48,
  mean: 0,
  std: 1,
  initializer: 'glorot-uniform',
  layers: [
    ...[32, 64, 128].flatMap(missionBlock),
    { kind: 'flatten' },
    { kind: 'dense', units: 256, relu: true },
    { kind: 'dropout', rate: 0.5 },
    { kind: 'dense', units: CLASS_COUNT, relu: false },
  ],
};

const normalised = (filters: number): LayerSpec[] => [
  { kind: 'conv', filters, bias: false, relu: false },
  { kind: 'batchNorm', relu: true, epsilon: 1e-5, momentum: 0.9 },
];
const compactBlock = (filters: number, convolutions: number): LayerSpec[] => [
  ...Array.from({ length: convolutions }, () => normalised(filters)).flat(),
  { kind: 'squeezeExcite', reduced: filters / 8 },
];

/** What is not given, or undefined, is as in the compact network. */
export type CompactOptions = {
  readonly inputSize?: number | undefined;
  readonly dropout?: number | undefined;
  /** Filters of each stage. */
  readonly widths?: readonly number[] | undefined;
};

/** Batch normalisation after each convolution, squeeze and excitation (Hu et al. 2018), global average pooling. */
export function compactNetwork({
  inputSize = 44,
  dropout = 0.4,
  widths = [32, 64, 128, 256],
}: CompactOptions = {}): NetworkSpec {
  const pool: LayerSpec = { kind: 'maxPool' };
  return {
    name: 'compact',
    inputSize,
    // mean and deviation of FER-2013's Training pixels
    mean: 0.5068,
    std: 0.2551,
    initializer: 'he-normal',
    layers: [
      ...widths.flatMap((filters, i) => [
        ...compactBlock(filters, i === 2 ? 3 : 2),
        ...(i < widths.length - 1 ? [pool] : []),
      ]),
      { kind: 'globalAverage' },
      { kind: 'dropout', rate: dropout },
      { kind: 'dense', units: CLASS_COUNT, relu: false },
    ],
  };
}

/**
 * A convolutional stem to an eighth of the side, then transformer blocks over its 36 places, normalised before each part
 * (Xiao et al. 2021; Xiong et al. 2020): global reading with a convolution's sense of what is near.
 */
export function hybridNetwork({
  inputSize = 48,
  dropout = 0.2,
  widths = [32, 64, 128],
  blocks = 4,
  heads = 4,
  hidden = 256,
} = {}): NetworkSpec {
  return {
    ...compactNetwork(),
    name: 'hybrid',
    inputSize,
    layers: [
      ...widths.flatMap((filters): LayerSpec[] => [
        ...normalised(filters),
        ...normalised(filters),
        { kind: 'maxPool' },
      ]),
      { kind: 'tokens' },
      ...Array.from({ length: blocks }, (): LayerSpec => ({ kind: 'encoder', heads, hidden })),
      { kind: 'layerNorm' },
      { kind: 'globalAverage' },
      { kind: 'dropout', rate: dropout },
      { kind: 'dense', units: CLASS_COUNT, relu: false },
    ],
  };
}
