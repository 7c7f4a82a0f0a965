import {
  type BatchNormRequest,
  recordBatchNormGradient,
  recordBatchNormInference,
  recordBatchNormInferenceGradient,
  recordBatchNormTraining,
} from '../../kernels/wgsl/batch-norm.ts';
import { columnPartialLength, recordColumnSums, recordFinish } from '../../kernels/wgsl/column-sums.ts';
import {
  firstPartialLength,
  recordFirstConvolution,
  recordFirstFilterGradient,
  recordFirstInputGradient,
} from '../../kernels/wgsl/first-convolution.ts';
import {
  type ConvolutionShape,
  recordConvolution,
  recordTurnedFilter,
} from '../../kernels/wgsl/matrix-convolution.ts';
import {
  partialLength,
  recordFilterGradient,
  recordSumOfParts,
} from '../../kernels/wgsl/matrix-filter-gradient.ts';
import {
  recordGlobalAverage,
  recordGlobalAverageGradient,
  recordMaxPool,
  recordMaxPoolGradient,
} from '../../kernels/wgsl/pooling.ts';
import {
  recordSqueezeExcite,
  recordSqueezeExciteGradient,
  recordSqueezeExciteWeights,
  type SqueezeExciteRequest,
} from '../../kernels/wgsl/squeeze-excite.ts';
import { type Flow, flowAfter } from '../../network/parameters.ts';
import type { LayerSpec, NetworkSpec } from '../../network/spec.ts';
import type { WeightSet } from './arena.ts';
import { type GpuContext, type GpuTensor, type Pass, reads4, writes4 } from './context.ts';

/** What flows between layers, and whether a ReLU made it (its gradient is applied by whoever hands one back). */
type Value = { readonly tensor: GpuTensor; readonly flow: Flow; readonly rectified: boolean };

/** Backward passes of one layer: `path` carries the gradient down, `weights` computes the layer's own. */
type Backward = (
  outputGradient: GpuTensor,
  needsInput: boolean,
) => { path: Pass[]; weights: Pass[]; inputGradient: GpuTensor };
type Built = { readonly output: Value; readonly forward: Pass[]; readonly backward: Backward };

export type GraphMode = 'training' | 'inference';
export type GraphRequest = {
  readonly context: GpuContext;
  readonly spec: NetworkSpec;
  readonly batch: number;
  readonly mode: GraphMode;
  readonly weights: WeightSet;
  readonly gradients: WeightSet;
  readonly input: GpuTensor;
};

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

class GraphBuilder {
  readonly r: GraphRequest;
  private shared: GpuTensor | undefined;
  private sharedLength = 0;

  constructor(request: GraphRequest) {
    this.r = request;
    this.sharedLength = this.scratchLength();
  }

  private get context(): GpuContext {
    return this.r.context;
  }

  /** Partial sums, used and read again within one layer: one buffer for all. */
  private get scratch(): GpuTensor {
    this.shared ??= this.context.allocate(this.sharedLength, 'partial sums');
    return this.shared;
  }

  private scratchLength(): number {
    let flow: Flow = { side: this.r.spec.inputSize, channels: 1 };
    let most = 0;
    for (const layer of this.r.spec.layers) {
      const { side, channels } = flow;
      const next = flowAfter(layer, flow);
      most = Math.max(most, columnPartialLength(this.r.batch * next.side ** 2, next.channels));
      const shape = { batch: this.r.batch, side, inChannels: channels, outChannels: next.channels };
      if (layer.kind === 'conv')
        most = Math.max(
          most,
          channels === 1 ? firstPartialLength(shape) : partialLength({ ...shape, taps: 9 }),
        );
      if (layer.kind === 'dense' && layer.relu)
        most = Math.max(most, partialLength({ ...shape, taps: 1 }), 16 * this.r.batch * layer.units);
      flow = next;
    }
    return most;
  }

  private activation(flow: Flow, label: string): GpuTensor {
    return this.context.allocate(this.r.batch * flow.side * flow.side * flow.channels, label);
  }

  build(layer: LayerSpec, index: number, input: Value): Built {
    const label = `${layer.kind}${index}`;
    switch (layer.kind) {
      case 'conv':
        return input.flow.channels === 1
          ? this.firstConvolution(layer, index, input, label)
          : this.convolution(layer, index, input, label);
      case 'batchNorm':
        return this.batchNorm(layer, index, input, label);
      case 'maxPool':
        return this.maxPool(input, label);
      case 'squeezeExcite':
        return this.squeezeExcite(layer.reduced, index, input, label);
      case 'globalAverage':
        return this.globalAverage(input, label);
      case 'flatten': {
        const flow = flowAfter(layer, input.flow);
        const backward: Backward = (g) => ({ path: [], weights: [], inputGradient: g });
        return { output: { ...input, flow }, forward: [], backward };
      }
      case 'dense':
        return this.dense(layer.units, index, input, label);
      default:
        throw new Error(`${label}: only before the last dense layer`);
    }
  }

  private biasGradient(
    label: string,
    rows: number,
    channels: number,
    outputGradient: GpuTensor,
    bias: GpuTensor,
  ): Pass[] {
    const sums = recordColumnSums(this.context, {
      label: `${label} bias sums`,
      rows,
      channels,
      bindings: { outputGradient: reads4(outputGradient) },
      terms: 'let u = outputGradient[at]; let v = vec4<f32>(0);',
      partials: this.scratch,
    });
    const bindings = { gradient: writes4(bias) };
    const finish = recordFinish(this.context, {
      label: `${label} bias gradient`,
      rows,
      channels,
      partials: this.scratch,
      bindings,
      finish: 'gradient[column] = u;',
    });
    return [sums, finish];
  }

  private firstConvolution(
    layer: LayerSpec & { kind: 'conv' },
    index: number,
    input: Value,
    label: string,
  ): Built {
    const { batch, weights, gradients } = this.r;
    const flow = flowAfter(layer, input.flow);
    const output = this.activation(flow, label);
    const [kernel, bias] = weights.ofLayer(index) as [GpuTensor, GpuTensor | undefined];
    const [kernelGradient, biasGradient] = gradients.ofLayer(index) as [GpuTensor, GpuTensor | undefined];
    const shape = { batch, side: flow.side, outChannels: flow.channels, label };
    const forward = recordFirstConvolution(this.context, {
      ...shape,
      input: input.tensor,
      weights: kernel,
      output,
      relu: layer.relu,
      ...(bias ? { bias } : {}),
    });
    const backward: Backward = (outputGradient, needsInput) => {
      const own = recordFirstFilterGradient(this.context, {
        ...shape,
        label: `${label} filter gradient`,
        input: input.tensor,
        outputGradient,
        gradient: kernelGradient,
        partials: this.scratch,
      });
      if (biasGradient)
        own.push(
          ...this.biasGradient(label, batch * flow.side ** 2, flow.channels, outputGradient, biasGradient),
        );
      const inputGradient = needsInput ? this.activation(input.flow, `${label} gradient`) : outputGradient;
      const path = needsInput
        ? [
            recordFirstInputGradient(this.context, {
              ...shape,
              weights: kernel,
              outputGradient,
              inputGradient,
            }),
          ]
        : [];
      return { path, weights: own, inputGradient };
    };
    return { output: { tensor: output, flow, rectified: layer.relu }, forward: [forward], backward };
  }

  private convolution(
    layer: LayerSpec & { kind: 'conv' },
    index: number,
    input: Value,
    label: string,
  ): Built {
    const flow = flowAfter(layer, input.flow);
    const output = this.activation(flow, label);
    const [kernel, bias] = this.r.weights.ofLayer(index) as [GpuTensor, GpuTensor | undefined];
    const shape: ConvolutionShape = {
      batch: this.r.batch,
      side: flow.side,
      inChannels: input.flow.channels,
      outChannels: flow.channels,
      taps: 9,
    };
    const forward = recordConvolution(this.context, {
      ...shape,
      label,
      input: input.tensor,
      weights: kernel,
      output,
      relu: layer.relu,
      ...(bias ? { bias } : {}),
    });
    const backward = this.convolutionBackward(shape, index, input, label);
    return { output: { tensor: output, flow, rectified: layer.relu }, forward: [forward], backward };
  }

  private convolutionBackward(shape: ConvolutionShape, index: number, input: Value, label: string): Backward {
    const { inChannels, outChannels, taps } = shape;
    const [kernel] = this.r.weights.ofLayer(index) as [GpuTensor];
    const [kernelGradient, biasGradient] = this.r.gradients.ofLayer(index) as [
      GpuTensor,
      GpuTensor | undefined,
    ];
    return (outputGradient) => {
      const turned = this.context.allocate(taps * inChannels * outChannels, `${label} turned`);
      const inputGradient = this.activation(input.flow, `${label} gradient`);
      const turn = recordTurnedFilter(this.context, {
        inChannels,
        outChannels,
        taps,
        label: `${label} turn`,
        weights: kernel,
        turned,
      });
      const down = recordConvolution(this.context, {
        ...shape,
        inChannels: outChannels,
        outChannels: inChannels,
        label: `${label} input gradient`,
        input: outputGradient,
        weights: turned,
        output: inputGradient,
        ...(input.rectified ? { mask: input.tensor } : {}),
      });
      const own = recordFilterGradient(this.context, {
        ...shape,
        label: `${label} filter gradient`,
        input: input.tensor,
        outputGradient,
        gradient: kernelGradient,
        partials: this.scratch,
      });
      if (biasGradient)
        own.push(
          ...this.biasGradient(
            label,
            shape.batch * shape.side ** 2,
            outChannels,
            outputGradient,
            biasGradient,
          ),
        );
      return { path: [turn, down], weights: own, inputGradient };
    };
  }

  /** A dense layer with ReLU is a convolution with one tap on one pixel, its long sum cut in 16 parts. */
  private dense(units: number, index: number, input: Value, label: string): Built {
    const flow: Flow = { side: 1, channels: units };
    const output = this.activation(flow, label);
    const [kernel, bias] = this.r.weights.ofLayer(index) as [GpuTensor, GpuTensor];
    const shape: ConvolutionShape = {
      batch: this.r.batch,
      side: 1,
      inChannels: input.flow.channels,
      outChannels: units,
      taps: 1,
    };
    const splits = Math.max(2, Math.min(16, Math.floor(shape.inChannels / 16)));
    const product = recordConvolution(this.context, {
      ...shape,
      label,
      input: input.tensor,
      weights: kernel,
      output: this.scratch,
      splits,
    });
    const sum = recordSumOfParts(this.context, {
      label: `${label} sum`,
      partials: this.scratch,
      parts: splits,
      length: this.r.batch * units,
      result: output,
      bias,
      relu: true,
    });
    return {
      output: { tensor: output, flow, rectified: true },
      forward: [product, sum],
      backward: this.convolutionBackward(shape, index, input, label),
    };
  }

  private batchNorm(
    layer: LayerSpec & { kind: 'batchNorm' },
    index: number,
    input: Value,
    label: string,
  ): Built {
    const { channels, side } = input.flow;
    const [gamma, beta, movingMean, movingVariance] = this.r.weights.ofLayer(index) as [
      GpuTensor,
      GpuTensor,
      GpuTensor,
      GpuTensor,
    ];
    const [gammaGradient, betaGradient] = this.r.gradients.ofLayer(index) as [GpuTensor, GpuTensor];
    const { epsilon, momentum, relu } = layer;
    const request: BatchNormRequest = {
      label,
      rows: this.r.batch * side * side,
      channels,
      epsilon,
      momentum,
      relu,
      input: input.tensor,
      output: this.activation(input.flow, label),
      gamma,
      beta,
      movingMean,
      movingVariance,
      affine: this.context.allocate(4 * channels, `${label} affine`),
      partials: this.scratch,
    };
    const isTraining = this.r.mode === 'training';
    const forward = isTraining
      ? recordBatchNormTraining(this.context, request)
      : recordBatchNormInference(this.context, request);
    const backward: Backward = (outputGradient) => {
      if (input.rectified) throw new Error(`${label}: batch normalisation of a ReLU has no gradient here`);
      const inputGradient = this.activation(input.flow, `${label} gradient`);
      const coefficients = this.context.allocate(3 * channels, `${label} coefficients`);
      const g = { outputGradient, inputGradient, gammaGradient, betaGradient, coefficients };
      const path = isTraining
        ? recordBatchNormGradient(this.context, request, g)
        : [recordBatchNormInferenceGradient(this.context, request, g)];
      return { path, weights: [], inputGradient };
    };
    // Its own gradient passes the ReLU by itself: to the layers after it, the value counts as not rectified.
    return { output: { tensor: request.output, flow: input.flow, rectified: false }, forward, backward };
  }

  private maxPool(input: Value, label: string): Built {
    const flow = flowAfter({ kind: 'maxPool' }, input.flow);
    const output = this.activation(flow, label);
    const shape = { label, batch: this.r.batch, side: input.flow.side, channels: flow.channels };
    const forward = recordMaxPool(this.context, { ...shape, input: input.tensor, output });
    const backward: Backward = (outputGradient) => {
      const inputGradient = this.activation(input.flow, `${label} gradient`);
      const mask = input.rectified;
      const path = [
        recordMaxPoolGradient(this.context, {
          ...shape,
          label: `${label} gradient`,
          input: input.tensor,
          outputGradient,
          inputGradient,
          mask,
        }),
      ];
      return { path, weights: [], inputGradient };
    };
    return { output: { tensor: output, flow, rectified: false }, forward: [forward], backward };
  }

  private globalAverage(input: Value, label: string): Built {
    const flow: Flow = { side: 1, channels: input.flow.channels };
    const output = this.activation(flow, label);
    const shape = { label, batch: this.r.batch, side: input.flow.side, channels: flow.channels };
    const backward: Backward = (outputGradient) => {
      if (input.rectified) throw new Error(`${label}: the average of a ReLU has no gradient here`);
      const inputGradient = this.activation(input.flow, `${label} gradient`);
      return {
        path: [recordGlobalAverageGradient(this.context, { ...shape, outputGradient, inputGradient })],
        weights: [],
        inputGradient,
      };
    };
    return {
      output: { tensor: output, flow, rectified: false },
      forward: [recordGlobalAverage(this.context, { ...shape, input: input.tensor, output })],
      backward,
    };
  }

  private squeezeExcite(reduced: number, index: number, input: Value, label: string): Built {
    const { batch, weights, gradients } = this.r;
    const { channels, side } = input.flow;
    const request: SqueezeExciteRequest = {
      label,
      batch,
      pixels: side * side,
      channels,
      reduced,
      input: input.tensor,
      output: this.activation(input.flow, label),
      parameters: weights.ofLayer(index) as [GpuTensor, GpuTensor, GpuTensor, GpuTensor],
      mean: this.context.allocate(batch * channels, `${label} mean`),
      hidden: this.context.allocate(batch * reduced, `${label} hidden`),
      gate: this.context.allocate(batch * channels, `${label} gate`),
    };
    const backward: Backward = (outputGradient) => {
      if (input.rectified) throw new Error(`${label}: squeeze and excitation of a ReLU has no gradient here`);
      const g = {
        outputGradient,
        inputGradient: this.activation(input.flow, `${label} gradient`),
        beforeGate: this.context.allocate(batch * channels, `${label} before gate`),
        beforeHidden: this.context.allocate(batch * reduced, `${label} before hidden`),
        ofMean: this.context.allocate(batch * channels, `${label} of mean`),
      };
      const own = gradients.ofLayer(index) as [GpuTensor, GpuTensor, GpuTensor, GpuTensor];
      return {
        path: recordSqueezeExciteGradient(this.context, request, g),
        weights: [recordSqueezeExciteWeights(this.context, request, g, own)],
        inputGradient: g.inputGradient,
      };
    };
    return {
      output: { tensor: request.output, flow: input.flow, rectified: false },
      forward: recordSqueezeExcite(this.context, request),
      backward,
    };
  }
}

/** Records the body of a network: every layer but dropout and the last dense one, which are the head's. */
export function buildGraph(request: GraphRequest): Graph {
  const { spec } = request;
  const builder = new GraphBuilder(request);
  const body = spec.layers.slice(0, spec.layers.at(-2)?.kind === 'dropout' ? -2 : -1);
  let value: Value = { tensor: request.input, flow: { side: spec.inputSize, channels: 1 }, rectified: false };
  const built = body.map((layer, index) => {
    const layerBuilt = builder.build(layer, index, value);
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
