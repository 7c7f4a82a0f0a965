import { createGenerator } from '../random/keyed-generator.ts';
import type { LayerSpec, NetworkSpec } from './spec.ts';

export type ParameterRole =
  | 'kernel'
  | 'bias'
  | 'gamma'
  | 'beta'
  | 'movingMean'
  | 'movingVariance'
  | 'position';

/** One tensor of the network, in the order in which every part of this package lists weights. */
export type Parameter = {
  readonly name: string;
  readonly role: ParameterRole;
  readonly shape: readonly number[];
  readonly size: number;
  readonly trainable: boolean;
  readonly deviation: number; // of the first values: normal, or half-width of the uniform, 0 for constants
};

/** Shape that flows between layers: an image [side, side, channels] or a vector. */
export type Flow = { readonly side: number; readonly channels: number };

export function flowAfter(layer: LayerSpec, { side, channels }: Flow): Flow {
  switch (layer.kind) {
    case 'conv':
      return { side, channels: layer.filters };
    case 'maxPool':
      return { side: Math.floor(side / 2), channels };
    case 'globalAverage':
      return { side: 1, channels };
    case 'flatten':
      return { side: 1, channels: side * side * channels };
    case 'dense':
      return { side: 1, channels: layer.units };
    default:
      return { side, channels };
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function kernel(
  name: string,
  shape: readonly number[],
  spec: NetworkSpec,
  isConvolution: boolean,
  isLast: boolean,
): Parameter {
  const field = isConvolution ? 9 : 1;
  const fanIn = field * shape.at(-2)!;
  const fanOut = field * shape.at(-1)!;
  // Glorot and Bengio 2010, eq. 16 (uniform); He et al. 2015, eq. 14 (normal; fan-out for convolutions).
  const glorot = Math.sqrt(6 / (fanIn + fanOut));
  const he = isLast ? 0.01 : Math.sqrt(2 / (isConvolution ? fanOut : fanIn));
  const deviation = spec.initializer === 'glorot-uniform' ? glorot : he;
  return { name, role: 'kernel', shape, size: sizeOf(shape), trainable: true, deviation };
}

const vector = (name: string, role: ParameterRole, length: number): Parameter => ({
  name,
  role,
  shape: [length],
  size: length,
  trainable: role !== 'movingMean' && role !== 'movingVariance',
  deviation: 0,
});

const normOf = (name: string, channels: number): Parameter[] => [
  vector(`${name}/gamma`, 'gamma', channels),
  vector(`${name}/beta`, 'beta', channels),
];

const linear = (spec: NetworkSpec, name: string, inputs: number, outputs: number): Parameter[] => [
  kernel(`${name}/kernel`, [inputs, outputs], spec, false, false),
  vector(`${name}/bias`, 'bias', outputs),
];

function parametersOfLayer(spec: NetworkSpec, layer: LayerSpec, index: number, flow: Flow): Parameter[] {
  const name = `${layer.kind}${index}`;
  switch (layer.kind) {
    case 'conv': {
      const k = kernel(`${name}/kernel`, [3, 3, flow.channels, layer.filters], spec, true, false);
      return layer.bias ? [k, vector(`${name}/bias`, 'bias', layer.filters)] : [k];
    }
    case 'batchNorm':
      return (['gamma', 'beta', 'movingMean', 'movingVariance'] as const).map((r) =>
        vector(`${name}/${r}`, r, flow.channels),
      );
    case 'squeezeExcite':
      return [
        ...linear(spec, `${name}/squeeze`, flow.channels, layer.reduced),
        ...linear(spec, `${name}/excite`, layer.reduced, flow.channels),
      ];
    case 'tokens':
      return [
        {
          ...vector(`${name}/position`, 'position', flow.side ** 2 * flow.channels),
          shape: [flow.side ** 2, flow.channels],
          deviation: 0.02,
        },
      ];
    case 'encoder':
      return [
        ...normOf(`${name}/norm`, flow.channels),
        ...['query', 'key', 'value', 'output'].flatMap((part) =>
          linear(spec, `${name}/${part}`, flow.channels, flow.channels),
        ),
        ...normOf(`${name}/norm2`, flow.channels),
        ...linear(spec, `${name}/widen`, flow.channels, layer.hidden),
        ...linear(spec, `${name}/narrow`, layer.hidden, flow.channels),
      ];
    case 'layerNorm':
      return normOf(name, flow.channels);
    case 'dense':
      return [
        kernel(`${name}/kernel`, [flow.channels, layer.units], spec, false, index === spec.layers.length - 1),
        vector(`${name}/bias`, 'bias', layer.units),
      ];
    default:
      return [];
  }
}

export function parametersByLayer(spec: NetworkSpec): Parameter[][] {
  let flow: Flow = { side: spec.inputSize, channels: 1 };
  return spec.layers.map((layer, index) => {
    const parameters = parametersOfLayer(spec, layer, index, flow);
    flow = flowAfter(layer, flow);
    return parameters;
  });
}

export const parametersOf = (spec: NetworkSpec): Parameter[] => parametersByLayer(spec).flat();

export const countParameters = (spec: NetworkSpec): number =>
  parametersOf(spec).reduce((n, p) => n + p.size, 0);

/** First weights, a function of the seed alone. */
export function initialWeights(spec: NetworkSpec, seed: string): Float32Array[] {
  return parametersOf(spec).map((p) => {
    const random = createGenerator(seed, 'initial-weights', p.name);
    if (p.role === 'gamma' || p.role === 'movingVariance') return new Float32Array(p.size).fill(1);
    if (p.deviation === 0) return new Float32Array(p.size);
    const isUniform = spec.initializer === 'glorot-uniform' && p.role === 'kernel';
    const draw = isUniform ? () => random.between(-1, 1) : random.normal;
    return Float32Array.from({ length: p.size }, () => draw() * p.deviation);
  });
}
