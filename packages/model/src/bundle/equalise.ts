import { type Layer, type LayersModel, type NamedTensor, parseTopology } from './layers.ts';

/** Output channels of a [.., out] kernel: the largest absolute weight of each. */
const peaks = ({ data, shape }: NamedTensor): Float32Array => {
  const channels = shape.at(-1)!;
  const out = new Float32Array(channels);
  data.forEach((value, i) => {
    out[i % channels] = Math.max(out[i % channels]!, Math.abs(value));
  });
  return out;
};

/** Convolutions without bias or activation that feed one batch normalisation and nothing else. */
const normalisedConvolutions = (layers: readonly Layer[]): [Layer, Layer][] =>
  layers.flatMap((layer): [Layer, Layer][] => {
    if (layer.kind !== 'Conv2D' || layer.config.use_bias !== false || layer.config.activation !== 'linear')
      return [];
    const consumers = layers.filter((other) => other.inputs.includes(layer.name));
    return consumers.length === 1 && consumers[0]!.kind === 'BatchNormalization'
      ? [[layer, consumers[0]!]]
      : [];
  });

/**
 * Brings every output channel of a normalised convolution to the same peak, and takes the factor back in the batch
 * normalisation behind it: gamma (s y - m) / sqrt(v + e) = gamma (y - m/s) / sqrt((v + e) / s^2). The network computes
 * the same, and one 8-bit scale for the whole kernel then does what a scale for each channel would
 * (channel equalisation, Nagel et al. 2019, section 4.1, with normalisation in place of the next layer).
 */
export const equaliseChannels = (model: LayersModel): LayersModel => {
  const tensors = new Map(model.weights.map((tensor) => [tensor.name, tensor]));
  for (const [convolution, norm] of normalisedConvolutions(parseTopology(model.topology))) {
    const kernel = tensors.get(`${convolution.name}/kernel`)!;
    const mean = tensors.get(`${norm.name}/moving_mean`)!;
    const variance = tensors.get(`${norm.name}/moving_variance`)!;
    const epsilon = Number(norm.config.epsilon ?? 1e-3);
    const factors = peaks(kernel).map((peak, c) => {
      const scaled = peak === 0 ? 1 : peak;
      // The new variance (v + e) / s^2 - e must stay positive; it fails only for a dead channel.
      return (variance.data[c]! + epsilon) / scaled ** 2 > 2 * epsilon ? scaled : 1;
    });
    const replace = (tensor: NamedTensor, data: Float32Array): unknown =>
      tensors.set(tensor.name, { ...tensor, data });
    replace(
      kernel,
      kernel.data.map((value, i) => value / factors[i % factors.length]!),
    );
    replace(
      mean,
      mean.data.map((value, c) => value / factors[c]!),
    );
    replace(
      variance,
      variance.data.map((value, c) => (value + epsilon) / factors[c]! ** 2 - epsilon),
    );
  }
  return { ...model, weights: model.weights.map((tensor) => tensors.get(tensor.name)!) };
};
