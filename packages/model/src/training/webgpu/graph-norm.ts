import {
  type LayerNormRequest,
  recordLayerNorm,
  recordLayerNormGradient,
  recordLayerNormWeights,
} from '../../kernels/wgsl/layer-norm.ts';
import { LAYER_NORM_EPSILON } from '../../network/spec.ts';
import type { GpuTensor } from './context.ts';
import { type Backward, type Built, type LayerPlace, type PartPlace, wholeLayer } from './graph-layer.ts';

export type Norm = Pick<Built, 'output' | 'forward'> & {
  /** `around` is the gradient of what went round the layer and its followers: added to the input's. */
  readonly backward: (outputGradient: GpuTensor, around?: GpuTensor) => ReturnType<Backward>;
};

export function buildNorm({ workspace, input, label, weights, gradients }: PartPlace): Norm {
  if (input.rectified) throw new Error(`${label}: layer normalisation of a ReLU has no gradient here`);
  const { context, request } = workspace;
  const { side, channels } = input.flow;
  const rows = request.batch * side * side;
  const [gamma, beta] = weights as [GpuTensor, GpuTensor];
  const [gammaGradient, betaGradient] = gradients as [GpuTensor, GpuTensor];
  const own: LayerNormRequest = {
    ...{ label, rows, channels, epsilon: LAYER_NORM_EPSILON, gamma, beta },
    ...{ input: input.tensor, output: workspace.activation(input.flow, label) },
    statistics: context.allocate(2 * rows, `${label} statistics`),
  };
  return {
    output: { tensor: own.output, flow: input.flow, rectified: false },
    forward: [recordLayerNorm(context, own)],
    backward: (outputGradient, around) => {
      const inputGradient = workspace.activation(input.flow, `${label} gradient`);
      const down = { outputGradient, inputGradient, ...(around ? { around } : {}) };
      const sums = { outputGradient, gammaGradient, betaGradient, partials: workspace.scratch };
      return {
        path: [recordLayerNormGradient(context, own, down)],
        weights: recordLayerNormWeights(context, own, sums),
        inputGradient,
      };
    },
  };
}

export function buildLayerNorm(place: LayerPlace): Built {
  const norm = buildNorm(wholeLayer(place));
  return { ...norm, backward: (outputGradient) => norm.backward(outputGradient) };
}
