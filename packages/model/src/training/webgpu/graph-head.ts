import { type ConvolutionShape, recordConvolution } from '../../kernels/wgsl/matrix-convolution.ts';
import { recordSumOfParts } from '../../kernels/wgsl/matrix-filter-gradient.ts';
import { recordGlobalAverage, recordGlobalAverageGradient } from '../../kernels/wgsl/pooling.ts';
import {
  recordSqueezeExcite,
  recordSqueezeExciteGradient,
  recordSqueezeExciteWeights,
  type SqueezeExciteRequest,
} from '../../kernels/wgsl/squeeze-excite.ts';
import type { Flow } from '../../network/parameters.ts';
import type { GpuTensor } from './context.ts';
import { convolutionBackward } from './graph-convolution.ts';
import { type Backward, type Built, type LayerPlace, wholeLayer } from './graph-layer.ts';

/** A dense layer with ReLU is a convolution with one tap on one pixel, its long sum cut in 16 parts. */
export function buildDense(units: number, place: LayerPlace): Built {
  const { workspace, index, input, label } = place;
  const { context, request, scratch } = workspace;
  const flow: Flow = { side: 1, channels: units };
  const output = workspace.activation(flow, label);
  const [weights, bias] = request.weights.ofLayer(index) as [GpuTensor, GpuTensor];
  const inChannels = input.flow.channels;
  const shape: ConvolutionShape = { batch: request.batch, side: 1, inChannels, outChannels: units, taps: 1 };
  const parts = Math.max(2, Math.min(16, Math.floor(inChannels / 16)));
  const product = recordConvolution(context, {
    ...{ ...shape, label, input: input.tensor, weights, output: scratch, splits: parts },
  });
  const sum = recordSumOfParts(context, {
    ...{ label: `${label} sum`, partials: scratch, parts, length: request.batch * units },
    ...{ result: output, bias, relu: true },
  });
  return {
    output: { tensor: output, flow, rectified: true },
    forward: [product, sum],
    backward: convolutionBackward(shape, wholeLayer(place)),
  };
}

export function buildGlobalAverage({ workspace, input, label }: LayerPlace): Built {
  const { context, request } = workspace;
  const flow: Flow = { side: 1, channels: input.flow.channels };
  const output = workspace.activation(flow, label);
  const shape = { label, batch: request.batch, side: input.flow.side, channels: flow.channels };
  const backward: Backward = (outputGradient) => {
    if (input.rectified) throw new Error(`${label}: the average of a ReLU has no gradient here`);
    const inputGradient = workspace.activation(input.flow, `${label} gradient`);
    const down = recordGlobalAverageGradient(context, { ...shape, outputGradient, inputGradient });
    return { path: [down], weights: [], inputGradient };
  };
  return {
    output: { tensor: output, flow, rectified: false },
    forward: [recordGlobalAverage(context, { ...shape, input: input.tensor, output })],
    backward,
  };
}

export function buildSqueezeExcite(reduced: number, { workspace, index, input, label }: LayerPlace): Built {
  const { context, request } = workspace;
  const { batch, weights, gradients } = request;
  const { channels, side } = input.flow;
  type Four = [GpuTensor, GpuTensor, GpuTensor, GpuTensor];
  const own: SqueezeExciteRequest = {
    ...{ label, batch, pixels: side * side, channels, reduced },
    ...{ input: input.tensor, output: workspace.activation(input.flow, label) },
    parameters: weights.ofLayer(index) as Four,
    mean: context.allocate(batch * channels, `${label} mean`),
    hidden: context.allocate(batch * reduced, `${label} hidden`),
    gate: context.allocate(batch * channels, `${label} gate`),
  };
  const backward: Backward = (outputGradient) => {
    if (input.rectified) throw new Error(`${label}: squeeze and excitation of a ReLU has no gradient here`);
    const inputGradient = workspace.activation(input.flow, `${label} gradient`);
    const g = {
      ...{ outputGradient, inputGradient },
      beforeGate: context.allocate(batch * channels, `${label} before gate`),
      beforeHidden: context.allocate(batch * reduced, `${label} before hidden`),
      ofMean: context.allocate(batch * channels, `${label} of mean`),
    };
    const path = recordSqueezeExciteGradient(context, own, g);
    const update = recordSqueezeExciteWeights(context, own, g, gradients.ofLayer(index) as Four);
    return { path, weights: [update], inputGradient };
  };
  return {
    output: { tensor: own.output, flow: input.flow, rectified: false },
    forward: recordSqueezeExcite(context, own),
    backward,
  };
}
