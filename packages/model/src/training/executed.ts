import { fitsAttention } from '../kernels/wgsl/attention.ts';
import type { FerNetwork } from '../network/build.ts';
import { type Flow, flowAfter } from '../network/parameters.ts';

/** Whether the WebGPU executor's kernels take all layers of a network: they hold no attention to more than 45 places. */
export const hasExecutedLayers = ({ spec }: Pick<FerNetwork, 'spec'>): boolean => {
  let flow: Flow = { side: spec.inputSize, channels: 1 };
  return spec.layers.every((layer) => {
    const { side, channels } = flow;
    flow = flowAfter(layer, flow);
    return layer.kind !== 'encoder' || fitsAttention({ tokens: side * side, channels, heads: layer.heads });
  });
};

/** The executor trains every weight there is: frozen layers are TensorFlow.js' to train. */
export const isExecuted = (network: FerNetwork): boolean =>
  hasExecutedLayers(network) &&
  // an input layer calls itself frozen and has nothing to train
  network.model.layers.every(({ trainable, weights }) => trainable || weights.length === 0);
