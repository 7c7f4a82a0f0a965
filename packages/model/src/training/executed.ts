import type { FerNetwork } from '../network/build.ts';
import type { LayerSpec } from '../network/spec.ts';

const EXECUTED: ReadonlySet<LayerSpec['kind']> = new Set([
  ...(['conv', 'batchNorm', 'maxPool', 'squeezeExcite'] as const),
  ...(['globalAverage', 'flatten', 'dense', 'dropout'] as const),
]);

/** Whether the WebGPU executor knows all layers of a network. */
export const hasExecutedLayers = ({ spec }: Pick<FerNetwork, 'spec'>): boolean =>
  spec.layers.every(({ kind }) => EXECUTED.has(kind));

/** The executor trains every weight there is: frozen layers and attention are TensorFlow.js' to train. */
export const isExecuted = (network: FerNetwork): boolean =>
  hasExecutedLayers(network) &&
  // an input layer calls itself frozen and has nothing to train
  network.model.layers.every(({ trainable, weights }) => trainable || weights.length === 0);
