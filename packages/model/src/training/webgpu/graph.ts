import { flowAfter } from '../../network/parameters.ts';
import type { LayerSpec } from '../../network/spec.ts';
import type { GpuTensor, Pass } from './context.ts';
import {
  buildBatchNorm,
  buildConvolution,
  buildFirstConvolution,
  buildMaxPool,
} from './graph-convolution.ts';
import { buildEncoder, buildTokens } from './graph-encoder.ts';
import { buildDense, buildGlobalAverage, buildSqueezeExcite } from './graph-head.ts';
import { type Built, type GraphRequest, type LayerPlace, type Value, Workspace } from './graph-layer.ts';
import { buildLayerNorm } from './graph-norm.ts';

/** The layers up to the features that the head reads, as recorded passes. */
export type Graph = {
  readonly forward: readonly Pass[];
  readonly features: GpuTensor;
  readonly featureCount: number;
  readonly rectified: boolean;
  /** Passes that turn a gradient of the features into the layers' gradients; with `toInput` also the picture's. */
  backward(
    featureGradient: GpuTensor,
    toInput: boolean,
  ): { path: Pass[]; weights: Pass[]; all: Pass[]; inputGradient: GpuTensor };
};

const buildFlatten = (layer: LayerSpec, { input }: LayerPlace): Built => ({
  output: { ...input, flow: flowAfter(layer, input.flow) },
  forward: [],
  backward: (gradient) => ({ path: [], weights: [], inputGradient: gradient }),
});

function buildLayer(layer: LayerSpec, place: LayerPlace): Built {
  switch (layer.kind) {
    case 'conv':
      return place.input.flow.channels === 1
        ? buildFirstConvolution(layer, place)
        : buildConvolution(layer, place);
    case 'batchNorm':
      return buildBatchNorm(layer, place);
    case 'maxPool':
      return buildMaxPool(place);
    case 'squeezeExcite':
      return buildSqueezeExcite(layer.reduced, place);
    case 'tokens':
      return buildTokens(place);
    case 'encoder':
      return buildEncoder(layer, place);
    case 'layerNorm':
      return buildLayerNorm(place);
    case 'globalAverage':
      return buildGlobalAverage(place);
    case 'flatten':
      return buildFlatten(layer, place);
    case 'dense':
      return buildDense(layer.units, place);
    default:
      throw new Error(`${place.label}: only before the last dense layer`);
  }
}

/** Records the body of a network: every layer but dropout and the last dense one, which are the head's. */
export function buildGraph(request: GraphRequest): Graph {
  const { spec } = request;
  const workspace = new Workspace(request);
  const body = spec.layers.slice(0, spec.layers.at(-2)?.kind === 'dropout' ? -2 : -1);
  let value: Value = { tensor: request.input, flow: { side: spec.inputSize, channels: 1 }, rectified: false };
  const built = body.map((layer, index) => {
    const label = `${layer.kind}${index}`;
    const layerBuilt = buildLayer(layer, { workspace, index, input: value, label });
    value = layerBuilt.output;
    return layerBuilt;
  });
  const features = value;
  return {
    forward: built.flatMap((b) => b.forward),
    features: features.tensor,
    featureCount: features.flow.side ** 2 * features.flow.channels,
    rectified: features.rectified,
    backward: (featureGradient, toInput) => {
      const path: Pass[] = [];
      const weights: Pass[] = [];
      const all: Pass[] = [];
      let gradient = featureGradient;
      for (let i = built.length - 1; i >= 0; i--) {
        const step = built[i]!.backward(gradient, toInput || i > 0);
        path.push(...step.path);
        weights.push(...step.weights);
        // the path first: squeeze and excitation finds its gate gradients there
        all.push(...step.path, ...step.weights);
        gradient = step.inputGradient;
      }
      return { path, weights, all, inputGradient: gradient };
    },
  };
}
