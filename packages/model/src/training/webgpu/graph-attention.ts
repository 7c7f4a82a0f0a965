import {
  type AttentionRequest,
  recordAttention,
  recordAttentionGradient,
} from '../../kernels/wgsl/attention.ts';
import {
  type LayerNormRequest,
  recordLayerNorm,
  recordLayerNormGradient,
  recordLayerNormWeights,
} from '../../kernels/wgsl/layer-norm.ts';
import { type ConvolutionShape, recordConvolution } from '../../kernels/wgsl/matrix-convolution.ts';
import { recordBatchSum, recordSum } from '../../kernels/wgsl/sums.ts';
import { LAYER_NORM_EPSILON, type LayerSpec } from '../../network/spec.ts';
import type { GpuTensor, Pass } from './context.ts';
import { type ConvolutionPlace, convolutionBackward } from './graph-convolution.ts';
import type { Backward, Built, LayerPlace, Value } from './graph-layer.ts';

/** A part of a layer: what it reads, and its own of the layer's tensors. */
type PartPlace = ConvolutionPlace;
type Norm = Pick<Built, 'output' | 'forward'> & {
  /** `around` is what came round the layer and its followers: added to the input's gradient. */
  readonly backward: (outputGradient: GpuTensor, around?: GpuTensor) => ReturnType<Backward>;
};

/** A learnt vector for each place, added: a map of pixels is the tokens as it stands. */
export function buildTokens({ workspace, index, input, label }: LayerPlace): Built {
  const { context, request } = workspace;
  const [position] = request.weights.ofLayer(index) as [GpuTensor];
  const [gradient] = request.gradients.ofLayer(index) as [GpuTensor];
  const output = workspace.activation(input.flow, label);
  const forward = recordSum(context, { label, parts: [input.tensor, position], result: output });
  const backward: Backward = (outputGradient) => {
    if (input.rectified) throw new Error(`${label}: tokens of a ReLU have no gradient here`);
    const own = recordBatchSum(context, {
      ...{ label: `${label} gradient`, rows: outputGradient, batch: request.batch, result: gradient },
    });
    return { path: [], weights: [own], inputGradient: outputGradient };
  };
  return { output: { tensor: output, flow: input.flow, rectified: false }, forward: [forward], backward };
}

export function buildLayerNorm({ workspace, index, input, label }: LayerPlace): Built {
  const { weights, gradients } = workspace.request;
  const norm = buildNorm({
    ...{ workspace, input, label },
    ...{ weights: weights.ofLayer(index), gradients: gradients.ofLayer(index) },
  });
  return { ...norm, backward: (outputGradient) => norm.backward(outputGradient) };
}

function buildNorm({ workspace, input, label, weights, gradients }: PartPlace): Norm {
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
      if (input.rectified) throw new Error(`${label}: layer normalisation of a ReLU has no gradient here`);
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

/** x W + b for each token, with ReLU where asked: a convolution with one tap. */
function buildLinear(place: PartPlace, outChannels: number, relu: 'relu' | 'linear'): Built {
  const { workspace, input, label, weights } = place;
  const { context, request } = workspace;
  const flow = { side: input.flow.side, channels: outChannels };
  const output = workspace.activation(flow, label);
  const [kernel, bias] = weights as [GpuTensor, GpuTensor];
  const shape: ConvolutionShape = {
    ...{ batch: request.batch, side: flow.side, taps: 1 },
    ...{ inChannels: input.flow.channels, outChannels },
  };
  const forward = recordConvolution(context, {
    ...{ ...shape, label, input: input.tensor, weights: kernel, bias, output, relu: relu === 'relu' },
  });
  return {
    output: { tensor: output, flow, rectified: relu === 'relu' },
    forward: [forward],
    backward: convolutionBackward(shape, place),
  };
}

/** The heads between the linear maps of query, key and value, and that of the output. */
function buildHeads(heads: number, parts: readonly [Value, Value, Value], { workspace, label }: LayerPlace) {
  const { context, request } = workspace;
  const [query, key, value] = parts;
  const { side, channels } = query.flow;
  const tokens = side * side;
  const own: AttentionRequest = {
    ...{ label: `${label} heads`, batch: request.batch, tokens, channels, heads },
    ...{ query: query.tensor, key: key.tensor, value: value.tensor },
    output: workspace.activation(query.flow, `${label} heads`),
    shares: context.allocate(request.batch * heads * tokens * tokens, `${label} shares`),
  };
  const output: Value = { tensor: own.output, flow: query.flow, rectified: false };
  const gradientOf = (part: string): GpuTensor =>
    workspace.activation(query.flow, `${label} ${part} gradient`);
  const backward = (outputGradient: GpuTensor): { path: Pass[]; gradients: GpuTensor[] } => {
    const [queryGradient, keyGradient, valueGradient] = [
      ...[gradientOf('query'), gradientOf('key'), gradientOf('value')],
    ] as [GpuTensor, GpuTensor, GpuTensor];
    const down = { outputGradient, queryGradient, keyGradient, valueGradient };
    return {
      path: [recordAttentionGradient(context, own, down)],
      gradients: [queryGradient, keyGradient, valueGradient],
    };
  };
  return { output, forward: [recordAttention(context, own)], backward };
}

type EncoderSpec = Extract<LayerSpec, { readonly kind: 'encoder' }>;

/** x + attention(norm(x)), then x + narrow(relu(widen(norm(x)))) (Xiong et al. 2020: normalised before each part). */
export function buildEncoder({ heads, hidden }: EncoderSpec, place: LayerPlace): Built {
  const { workspace, index, input, label } = place;
  const { context, request } = workspace;
  const { channels } = input.flow;
  const all = { weights: request.weights.ofLayer(index), gradients: request.gradients.ofLayer(index) };
  /** The part whose two tensors are the `n`th pair of the layer's. */
  const part = (name: string, n: number, from: Value): PartPlace => ({
    ...{ workspace, input: from, label: `${label} ${name}` },
    ...{ weights: all.weights.slice(2 * n, 2 * n + 2), gradients: all.gradients.slice(2 * n, 2 * n + 2) },
  });
  const add = (name: string, parts: readonly [GpuTensor, GpuTensor, ...GpuTensor[]]) => {
    const result = workspace.activation(input.flow, `${label} ${name}`);
    return { result, pass: recordSum(context, { label: `${label} ${name}`, parts, result }) };
  };

  const norm = buildNorm(part('norm', 0, input));
  const maps = ['query', 'key', 'value'].map((name, n) =>
    buildLinear(part(name, 1 + n, norm.output), channels, 'linear'),
  ) as [Built, Built, Built];
  const [query, key, value] = maps;
  const attended = buildHeads(heads, [query.output, key.output, value.output], place);
  const mapped = buildLinear(part('output', 4, attended.output), channels, 'linear');
  const sum = add('attended', [input.tensor, mapped.output.tensor]);
  const middle: Value = { tensor: sum.result, flow: input.flow, rectified: false };
  const norm2 = buildNorm(part('norm2', 5, middle));
  const wide = buildLinear(part('widen', 6, norm2.output), hidden, 'relu');
  const narrow = buildLinear(part('narrow', 7, wide.output), channels, 'linear');
  const last = add('mixed', [middle.tensor, narrow.output.tensor]);

  const backward: Backward = (outputGradient) => {
    if (input.rectified) throw new Error(`${label}: attention to a ReLU has no gradient here`);
    const ofNarrow = narrow.backward(outputGradient, true);
    const ofWide = wide.backward(ofNarrow.inputGradient, true);
    const ofNorm2 = norm2.backward(ofWide.inputGradient, outputGradient);
    const ofMapped = mapped.backward(ofNorm2.inputGradient, true);
    const ofHeads = attended.backward(ofMapped.inputGradient);
    const ofMaps = maps.map((map, n) => map.backward(ofHeads.gradients[n]!, true));
    const [q, k, v] = ofMaps.map(({ inputGradient }) => inputGradient) as [GpuTensor, GpuTensor, GpuTensor];
    const joined = add('joined gradient', [q, k, v]);
    const ofNorm = norm.backward(joined.result, ofNorm2.inputGradient);
    const steps = [ofNarrow, ofWide, ofNorm2, ofMapped, ...ofMaps, ofNorm];
    return {
      path: [
        ...[ofNarrow, ofWide, ofNorm2, ofMapped].flatMap(({ path }) => path),
        ...ofHeads.path,
        ...ofMaps.flatMap(({ path }) => path),
        joined.pass,
        ...ofNorm.path,
      ],
      weights: steps.flatMap(({ weights }) => weights),
      inputGradient: ofNorm.inputGradient,
    };
  };
  return {
    output: { tensor: last.result, flow: input.flow, rectified: false },
    forward: [
      ...norm.forward,
      ...maps.flatMap(({ forward }) => forward),
      ...attended.forward,
      ...mapped.forward,
      sum.pass,
      ...norm2.forward,
      ...wide.forward,
      ...narrow.forward,
      last.pass,
    ],
    backward,
  };
}
