import * as tf from '@tensorflow/tfjs';
import './gradients.ts';
import { Attention, Tokens } from './attention.ts';
import { initialWeights, parametersOf } from './parameters.ts';
import {
  CLASS_COUNT,
  LAYER_NORM_EPSILON,
  type LayerSpec,
  MISSION_NETWORK,
  type NetworkSpec,
} from './spec.ts';

/** A network's description and its TensorFlow.js form. */
export type FerNetwork = { readonly spec: NetworkSpec; readonly model: tf.LayersModel };

type Node = tf.SymbolicTensor;
const apply = (layer: tf.layers.Layer, x: Node | Node[]): Node => layer.apply(x) as Node;

function squeezeExcite(x: Node, name: string, reduced: number): Node {
  const channels = x.shape.at(-1)!;
  const mean = apply(tf.layers.globalAveragePooling2d({ name: `${name}_mean` }), x);
  const squeezed = apply(
    tf.layers.dense({ units: reduced, activation: 'relu', name: `${name}_squeeze` }),
    mean,
  );
  const gate = apply(
    tf.layers.dense({ units: channels, activation: 'sigmoid', name: `${name}_excite` }),
    squeezed,
  );
  const shaped = apply(tf.layers.reshape({ targetShape: [1, 1, channels], name: `${name}_gate` }), gate);
  // A product of [side, side, c] and [1, 1, c]: tfjs' Multiply layer broadcasts equal ranks.
  return apply(tf.layers.multiply({ name: `${name}_scale` }), [x, shaped]);
}

const layerNorm = (x: Node, name: string): Node =>
  apply(tf.layers.layerNormalization({ epsilon: LAYER_NORM_EPSILON, name }), x);

/** x + attention(norm(x)), then x + dense(relu(dense(norm(x)))). */
function encoder(x: Node, name: string, { heads, hidden }: { heads: number; hidden: number }): Node {
  const channels = x.shape.at(-1)!;
  const attended = apply(new Attention({ heads, name: `${name}_attention` }), layerNorm(x, `${name}_norm`));
  const sum = apply(tf.layers.add({ name: `${name}_attended` }), [x, attended]);
  const wide = apply(
    tf.layers.dense({ units: hidden, activation: 'relu', name: `${name}_widen` }),
    layerNorm(sum, `${name}_norm2`),
  );
  const narrow = apply(tf.layers.dense({ units: channels, name: `${name}_narrow` }), wide);
  return apply(tf.layers.add({ name: `${name}_mixed` }), [sum, narrow]);
}

function addLayer(x: Node, layer: LayerSpec, name: string): Node {
  switch (layer.kind) {
    case 'conv': {
      const activation = layer.relu ? 'relu' : 'linear';
      return apply(
        tf.layers.conv2d({
          filters: layer.filters,
          kernelSize: 3,
          padding: 'same',
          useBias: layer.bias,
          activation,
          name,
        }),
        x,
      );
    }
    case 'batchNorm': {
      const y = apply(
        tf.layers.batchNormalization({ epsilon: layer.epsilon, momentum: layer.momentum, name }),
        x,
      );
      return layer.relu ? apply(tf.layers.reLU({ name: `${name}_relu` }), y) : y;
    }
    case 'maxPool':
      return apply(tf.layers.maxPooling2d({ poolSize: 2, name }), x);
    case 'squeezeExcite':
      return squeezeExcite(x, name, layer.reduced);
    case 'tokens':
      return apply(new Tokens({ name }), x);
    case 'encoder':
      return encoder(x, name, layer);
    case 'layerNorm':
      return layerNorm(x, name);
    case 'globalAverage':
      return x.shape.length === 3
        ? apply(tf.layers.globalAveragePooling1d({ name }), x)
        : apply(tf.layers.globalAveragePooling2d({ name }), x);
    case 'flatten':
      return apply(tf.layers.flatten({ name }), x);
    case 'dense':
      return apply(
        tf.layers.dense({ units: layer.units, activation: layer.relu ? 'relu' : 'softmax', name }),
        x,
      );
    case 'dropout':
      return apply(tf.layers.dropout({ rate: layer.rate, name }), x);
  }
}

/** Sets every weight of `model`, in the order of `parametersOf`. */
export function setWeights({ spec, model }: FerNetwork, weights: readonly Float32Array[]): void {
  const parameters = parametersOf(spec);
  let next = 0;
  tf.tidy(() => {
    for (const layer of model.layers) {
      const count = layer.weights.length;
      if (count === 0) continue;
      layer.setWeights(
        parameters
          .slice(next, next + count)
          .map((p, i) => tf.tensor(weights[next + i]!, [...p.shape], 'float32')),
      );
      next += count;
    }
  });
  if (next !== parameters.length)
    throw new Error(`network ${spec.name}: ${next} of ${parameters.length} tensors set`);
}

/** Every weight of `model`, in the order of `parametersOf`. */
export async function getWeights({ model }: FerNetwork): Promise<Float32Array[]> {
  const tensors = model.layers.flatMap((layer) => layer.getWeights());
  return Promise.all(tensors.map(async (t) => Float32Array.from(await t.data())));
}

export function buildNetwork(spec: NetworkSpec, seed = 'testigo'): FerNetwork {
  const input = tf.input({ shape: [spec.inputSize, spec.inputSize, 1], name: 'image' });
  const output = spec.layers.reduce((x, layer, i) => addLayer(x, layer, `${layer.kind}${i}`), input as Node);
  if (output.shape.at(-1) !== CLASS_COUNT)
    throw new Error(`network ${spec.name} does not end in ${CLASS_COUNT} classes`);
  const network = { spec, model: tf.model({ inputs: input, outputs: output, name: spec.name }) };
  setWeights(network, initialWeights(spec, seed));
  return network;
}

/** The mission's network, freshly initialised from the seed. */
export const buildFerNetwork = (seed?: string): FerNetwork => buildNetwork(MISSION_NETWORK, seed);
