import {
  type BatchNormRequest,
  recordBatchNormGradient,
  recordBatchNormInference,
  recordBatchNormInferenceGradient,
  recordBatchNormTraining,
} from '../../kernels/wgsl/batch-norm.ts';
import { recordColumnSums, recordFinish } from '../../kernels/wgsl/column-sums.ts';
import {
  recordFirstConvolution,
  recordFirstFilterGradient,
  recordFirstInputGradient,
} from '../../kernels/wgsl/first-convolution.ts';
import {
  type ConvolutionShape,
  recordConvolution,
  recordTurnedFilter,
} from '../../kernels/wgsl/matrix-convolution.ts';
import { recordFilterGradient } from '../../kernels/wgsl/matrix-filter-gradient.ts';
import { recordMaxPool, recordMaxPoolGradient } from '../../kernels/wgsl/pooling.ts';
import { flowAfter } from '../../network/parameters.ts';
import type { LayerSpec } from '../../network/spec.ts';
import { type GpuTensor, type Pass, reads4, writes4 } from './context.ts';
import {
  type Backward,
  type Built,
  type LayerPlace,
  type PartPlace,
  type Workspace,
  wholeLayer,
} from './graph-layer.ts';

type LayerOf<Kind extends LayerSpec['kind']> = Extract<LayerSpec, { readonly kind: Kind }>;

type BiasGradient = {
  readonly label: string;
  readonly rows: number;
  readonly channels: number;
  readonly outputGradient: GpuTensor;
  /** None where the layer has no bias. */
  readonly gradient: GpuTensor | undefined;
};

function recordBiasGradient(
  { context, scratch: partials }: Workspace,
  { label, rows, channels, outputGradient, gradient }: BiasGradient,
): Pass[] {
  if (!gradient) return [];
  const sums = recordColumnSums(context, {
    ...{ label: `${label} bias sums`, rows, channels, partials },
    bindings: { outputGradient: reads4(outputGradient) },
    terms: 'let u = outputGradient[at]; let v = vec4<f32>(0);',
  });
  const finish = recordFinish(context, {
    ...{ label: `${label} bias gradient`, rows, channels, partials },
    bindings: { gradient: writes4(gradient) },
    finish: 'gradient[column] = u;',
  });
  return [sums, finish];
}

/** The convolution that reads the picture itself: one channel in. */
export function buildFirstConvolution(layer: LayerOf<'conv'>, place: LayerPlace): Built {
  const { workspace, index, input, label } = place;
  const { context, request } = workspace;
  const flow = flowAfter(layer, input.flow);
  const output = workspace.activation(flow, label);
  const [kernel, bias] = request.weights.ofLayer(index) as [GpuTensor, GpuTensor | undefined];
  const shape = { batch: request.batch, side: flow.side, outChannels: flow.channels, label };
  const forward = recordFirstConvolution(context, {
    ...shape,
    ...{ input: input.tensor, weights: kernel, output, relu: layer.relu },
    ...(bias ? { bias } : {}),
  });
  return {
    output: { tensor: output, flow, rectified: layer.relu },
    forward: [forward],
    backward: firstConvolutionBackward(shape, place),
  };
}

function firstConvolutionBackward(
  shape: { batch: number; side: number; outChannels: number; label: string },
  { workspace, index, input, label }: LayerPlace,
): Backward {
  const { context, request } = workspace;
  const [kernel] = request.weights.ofLayer(index) as [GpuTensor];
  const [gradient, biasGradient] = request.gradients.ofLayer(index) as [GpuTensor, GpuTensor | undefined];
  return (outputGradient, needsInput) => {
    const own = recordFirstFilterGradient(context, {
      ...shape,
      label: `${label} filter gradient`,
      ...{ input: input.tensor, outputGradient, gradient, partials: workspace.scratch },
    });
    const [rows, channels] = [shape.batch * shape.side ** 2, shape.outChannels];
    const weights = [
      ...own,
      ...recordBiasGradient(workspace, { label, rows, channels, outputGradient, gradient: biasGradient }),
    ];
    if (!needsInput) return { path: [], weights, inputGradient: outputGradient };
    const inputGradient = workspace.activation(input.flow, `${label} gradient`);
    const down = { ...shape, weights: kernel, outputGradient, inputGradient };
    return { path: [recordFirstInputGradient(context, down)], weights, inputGradient };
  };
}

export function buildConvolution(layer: LayerOf<'conv'>, place: LayerPlace): Built {
  const { workspace, index, input, label } = place;
  const { context, request } = workspace;
  const flow = flowAfter(layer, input.flow);
  const output = workspace.activation(flow, label);
  const [kernel, bias] = request.weights.ofLayer(index) as [GpuTensor, GpuTensor | undefined];
  const shape: ConvolutionShape = {
    ...{ batch: request.batch, side: flow.side, taps: 9 },
    ...{ inChannels: input.flow.channels, outChannels: flow.channels },
  };
  const forward = recordConvolution(context, {
    ...{ ...shape, label, input: input.tensor, weights: kernel, output, relu: layer.relu },
    ...(bias ? { bias } : {}),
  });
  return {
    output: { tensor: output, flow, rectified: layer.relu },
    forward: [forward],
    backward: convolutionBackward(shape, wholeLayer(place)),
  };
}

/** x W + b for each place, with ReLU where asked: a convolution with one tap. */
export function buildLinear(
  place: PartPlace,
  { channels, relu }: { channels: number; relu: boolean },
): Built {
  const { workspace, input, label, weights } = place;
  const { context, request } = workspace;
  const flow = { side: input.flow.side, channels };
  const output = workspace.activation(flow, label);
  const [kernel, bias] = weights as [GpuTensor, GpuTensor];
  const shape: ConvolutionShape = {
    ...{ batch: request.batch, side: flow.side, taps: 1 },
    ...{ inChannels: input.flow.channels, outChannels: channels },
  };
  const forward = recordConvolution(context, {
    ...{ ...shape, label, input: input.tensor, weights: kernel, bias, output, relu },
  });
  return {
    output: { tensor: output, flow, rectified: relu },
    forward: [forward],
    backward: convolutionBackward(shape, place),
  };
}

/** Down, the gradient is convolved with the turned filter. */
export function convolutionBackward(
  shape: ConvolutionShape,
  { workspace, input, label, weights: parameters, gradients }: PartPlace,
): Backward {
  const { context } = workspace;
  const { inChannels, outChannels, taps } = shape;
  const [weights] = parameters as [GpuTensor];
  const [gradient, biasGradient] = gradients as [GpuTensor, GpuTensor | undefined];
  return (outputGradient) => {
    const turned = context.allocate(taps * inChannels * outChannels, `${label} turned`);
    const inputGradient = workspace.activation(input.flow, `${label} gradient`);
    const turn = recordTurnedFilter(context, {
      ...{ inChannels, outChannels, taps, label: `${label} turn`, weights, turned },
    });
    const down = recordConvolution(context, {
      ...{ ...shape, inChannels: outChannels, outChannels: inChannels },
      label: `${label} input gradient`,
      ...{ input: outputGradient, weights: turned, output: inputGradient },
      ...(input.rectified ? { mask: input.tensor } : {}),
    });
    const own = recordFilterGradient(context, {
      ...shape,
      label: `${label} filter gradient`,
      ...{ input: input.tensor, outputGradient, gradient, partials: workspace.scratch },
    });
    const [rows, channels] = [shape.batch * shape.side ** 2, outChannels];
    own.push(
      ...recordBiasGradient(workspace, { label, rows, channels, outputGradient, gradient: biasGradient }),
    );
    return { path: [turn, down], weights: own, inputGradient };
  };
}

export function buildBatchNorm({ epsilon, momentum, relu }: LayerOf<'batchNorm'>, place: LayerPlace): Built {
  const { workspace, index, input, label } = place;
  const { context, request } = workspace;
  const { channels, side } = input.flow;
  const [gamma, beta, movingMean, movingVariance] = request.weights.ofLayer(index) as [
    ...[GpuTensor, GpuTensor, GpuTensor, GpuTensor],
  ];
  const [gammaGradient, betaGradient] = request.gradients.ofLayer(index) as [GpuTensor, GpuTensor];
  const own: BatchNormRequest = {
    ...{ label, rows: request.batch * side * side, channels, epsilon, momentum, relu },
    ...{ input: input.tensor, output: workspace.activation(input.flow, label) },
    ...{ gamma, beta, movingMean, movingVariance },
    affine: context.allocate(4 * channels, `${label} affine`),
    partials: workspace.scratch,
  };
  const isTraining = request.mode === 'training';
  const forward = isTraining ? recordBatchNormTraining(context, own) : recordBatchNormInference(context, own);
  const backward: Backward = (outputGradient) => {
    if (input.rectified) throw new Error(`${label}: batch normalisation of a ReLU has no gradient here`);
    const inputGradient = workspace.activation(input.flow, `${label} gradient`);
    const coefficients = context.allocate(3 * channels, `${label} coefficients`);
    const g = { outputGradient, inputGradient, gammaGradient, betaGradient, coefficients };
    const path = isTraining
      ? recordBatchNormGradient(context, own, g)
      : [recordBatchNormInferenceGradient(context, own, g)];
    return { path, weights: [], inputGradient };
  };
  // Its own gradient passes the ReLU by itself: to the layers after it, the value counts as not rectified.
  return { output: { tensor: own.output, flow: input.flow, rectified: false }, forward, backward };
}

export function buildMaxPool({ workspace, input, label }: LayerPlace): Built {
  const { context, request } = workspace;
  const flow = flowAfter({ kind: 'maxPool' }, input.flow);
  const output = workspace.activation(flow, label);
  const shape = { label, batch: request.batch, side: input.flow.side, channels: flow.channels };
  const forward = recordMaxPool(context, { ...shape, input: input.tensor, output });
  const backward: Backward = (outputGradient) => {
    const inputGradient = workspace.activation(input.flow, `${label} gradient`);
    const down = recordMaxPoolGradient(context, {
      ...{ ...shape, label: `${label} gradient` },
      ...{ input: input.tensor, outputGradient, inputGradient, mask: input.rectified },
    });
    return { path: [down], weights: [], inputGradient };
  };
  return { output: { tensor: output, flow, rectified: false }, forward: [forward], backward };
}
