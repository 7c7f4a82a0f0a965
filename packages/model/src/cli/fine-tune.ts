import * as tf from '@tensorflow/tfjs';
import type { BundleContents } from '../bundle/read-bundle.ts';
import { ModelError } from '../errors.ts';
import { buildNetwork, type FerNetwork } from '../network/build.ts';
import type { NetworkSpec } from '../network/spec.ts';

/** A trainable network with a bundle's weights. @throws ModelError bundle-topology where the bundle does not describe it */
export const loadNetwork = ({ networkSpec, network: stored, folder }: BundleContents): FerNetwork => {
  if (!networkSpec)
    throw new ModelError('bundle-topology', {
      path: folder,
      seen: 'it does not say how to build its network, so it cannot be trained on',
    });
  const network = buildNetwork(networkSpec as NetworkSpec);
  const tensors = new Map(stored.weights.map((tensor) => [tensor.name, tensor]));
  tf.tidy(() => {
    for (const layer of network.model.layers) {
      if (layer.weights.length === 0) continue;
      layer.setWeights(
        layer.weights.map((variable) => {
          const tensor = tensors.get(variable.originalName);
          const expected = variable.shape.join('x');
          if (!tensor || tensor.shape.join('x') !== expected) {
            throw new ModelError('weights-shape', {
              name: variable.originalName,
              seen: tensor?.shape.join('x') ?? 'missing',
              expected,
            });
          }
          return tf.tensor(tensor.data, [...tensor.shape]);
        }),
      );
    }
  });
  return network;
};

/** Keeps layers' weights as they are: all but the last dense layer ("features"), or the first n that have weights. */
export const freezeLayers = (network: FerNetwork, what: string | undefined): void => {
  if (what === undefined) return;
  const weighted = network.model.layers.filter((layer) => layer.weights.length > 0);
  const count = what === 'features' ? weighted.length - 1 : Number(what);
  if (!Number.isInteger(count) || count < 0 || count >= weighted.length) {
    throw new ModelError('option-invalid', {
      option: 'freeze',
      seen: `${what} is neither "features" nor 0 to ${weighted.length - 1}`,
    });
  }
  for (const layer of weighted.slice(0, count)) {
    layer.trainable = false;
    // A frozen batch normalisation must not follow the new data's statistics either.
    const call = layer.call.bind(layer);
    layer.call = (inputs, kwargs) => call(inputs, { ...kwargs, training: false });
  }
};
