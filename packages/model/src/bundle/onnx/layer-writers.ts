import { ModelError } from '../../errors.ts';
import type { Layer, NamedTensor } from '../layers.ts';
import type { GraphBuilder } from './graph-builder.ts';

export type WriteContext = {
  readonly graph: GraphBuilder;
  readonly layer: Layer;
  readonly inputs: readonly string[];
  /** The layer's tensor of this short name ("kernel"), or undefined. */
  readonly weight: (name: string) => NamedTensor | undefined;
};
type LayerWriter = (context: WriteContext) => string;

const fail = (layer: Layer, seen: string): never => {
  throw new ModelError('layer-unsupported', { layer: layer.name, kind: layer.kind, seen });
};

const need = ({ layer, weight }: WriteContext, name: string): NamedTensor =>
  weight(name) ?? fail(layer, `its weight ${name} is missing`);

const pair = (value: unknown, fallback: number): [number, number] =>
  Array.isArray(value)
    ? [Number(value[0]), Number(value[1])]
    : [Number(value ?? fallback), Number(value ?? fallback)];

const ACTIVATIONS: Readonly<Record<string, string>> = { relu: 'Relu', sigmoid: 'Sigmoid', tanh: 'Tanh' };

/** Adds the activation's node; softmax of the last layer is left to the caller, who scales the logits first. */
const activate = ({ graph, layer }: WriteContext, from: string): string => {
  const activation = String(layer.config.activation ?? 'linear');
  if (activation === 'linear' || activation === 'softmax') return from;
  const op = ACTIVATIONS[activation] ?? fail(layer, `activation ${activation}`);
  return graph.node(op, [from], `${layer.name}:${activation}`);
};

/** tfjs keeps kernels as [h, w, in, out], ONNX as [out, in, h, w]. */
export const toOihw = ({ shape, data }: NamedTensor): { shape: number[]; data: Float32Array } => {
  const [h, w, inputs, outputs] = shape as [number, number, number, number];
  const out = new Float32Array(data.length);
  let from = 0;
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let i = 0; i < inputs; i++)
        for (let o = 0; o < outputs; o++) out[((o * inputs + i) * h + y) * w + x] = data[from++]!;
  return { shape: [outputs, inputs, h, w], data: out };
};

const writeConv: LayerWriter = (context) => {
  const { graph, layer } = context;
  const kernel = toOihw(need(context, 'kernel'));
  const bias = context.weight('bias');
  const strides = pair(layer.config.strides, 1);
  const isSame = layer.config.padding === 'same';
  if (isSame && strides.some((stride) => stride !== 1)) fail(layer, 'padding "same" with a stride');
  const inputs = [...context.inputs, graph.floats(`${layer.name}/kernel`, kernel.shape, kernel.data)];
  if (bias) inputs.push(graph.floats(`${layer.name}/bias`, bias.shape, bias.data));
  const [, , h, w] = kernel.shape as [number, number, number, number];
  const margins = isSame ? [(h - 1) >> 1, (w - 1) >> 1, h >> 1, w >> 1] : [0, 0, 0, 0];
  return activate(
    context,
    graph.node('Conv', inputs, layer.name, { kernel_shape: [h, w], strides, pads: margins }),
  );
};

const writeBatchNorm: LayerWriter = (context) => {
  const { graph, layer } = context;
  const mean = need(context, 'moving_mean');
  const ones = new Float32Array(mean.data.length).fill(1);
  const tensors = {
    gamma: context.weight('gamma')?.data ?? ones,
    beta: context.weight('beta')?.data ?? new Float32Array(ones.length),
    moving_mean: mean.data,
    moving_variance: need(context, 'moving_variance').data,
  };
  const names = Object.entries(tensors).map(([name, data]) =>
    graph.floats(`${layer.name}/${name}`, [data.length], data),
  );
  const epsilon = { float: Number(layer.config.epsilon ?? 1e-3) };
  return graph.node('BatchNormalization', [...context.inputs, ...names], layer.name, { epsilon });
};

const writePool =
  (op: 'MaxPool' | 'AveragePool'): LayerWriter =>
  ({ graph, layer, inputs }) => {
    if (layer.config.padding === 'same') fail(layer, 'padding "same"');
    const size = pair(layer.config.pool_size, 2);
    const strides = layer.config.strides == null ? size : pair(layer.config.strides, 2);
    return graph.node(op, inputs, layer.name, { kernel_shape: size, strides });
  };

/** rows x kernel + bias, over the last axis; onnxruntime makes one Gemm of it where there is no other. */
const linear = (
  { graph, weight, layer }: WriteContext,
  input: string,
  { prefix, output }: { readonly prefix: string; readonly output: string },
): string => {
  const kernel = weight(`${prefix}kernel`) ?? fail(layer, `its weight ${prefix}kernel is missing`);
  const bias = weight(`${prefix}bias`);
  const matrix = graph.floats(`${layer.name}/${prefix}kernel`, kernel.shape, kernel.data);
  if (!bias) return graph.node('MatMul', [input, matrix], output);
  const product = graph.node('MatMul', [input, matrix], `${output}:product`);
  return graph.node(
    'Add',
    [product, graph.floats(`${layer.name}/${prefix}bias`, bias.shape, bias.data)],
    output,
  );
};

const writeDense: LayerWriter = (context) =>
  activate(context, linear(context, context.inputs[0]!, { prefix: '', output: context.layer.name }));

const writeLayerNorm: LayerWriter = (context) => {
  const { graph, layer, inputs } = context;
  const [gamma, beta] = ['gamma', 'beta'].map((name) => {
    const { shape, data } = need(context, name);
    return graph.floats(`${layer.name}/${name}`, shape, data);
  });
  const epsilon = { float: Number(layer.config.epsilon ?? 1e-3) };
  return graph.node('LayerNormalization', [...inputs, gamma!, beta!], layer.name, { axis: -1, epsilon });
};

const writeTokens: LayerWriter = (context) => {
  const { graph, layer, inputs } = context;
  const { shape, data } = need(context, 'position');
  const turned = graph.node('Transpose', inputs, `${layer.name}:nhwc`, { perm: [0, 2, 3, 1] });
  const rows = graph.node(
    'Reshape',
    [turned, graph.integers(`${layer.name}/shape`, [-1, ...shape])],
    `${layer.name}:rows`,
  );
  return graph.node('Add', [rows, graph.floats(`${layer.name}/position`, shape, data)], layer.name);
};

const writeAttention: LayerWriter = (context) => {
  const { graph, layer, inputs } = context;
  const heads = Number(layer.config.heads);
  const [channels] = need(context, 'query_kernel').shape as [number];
  const width = channels / heads;
  // 0 keeps a dimension (ONNX Reshape): pictures and tokens stay.
  const byHead = graph.integers(`${layer.name}/heads`, [0, 0, heads, width]);
  const split = (part: string, perm: readonly number[]): string => {
    const mapped = linear(context, inputs[0]!, { prefix: `${part}_`, output: `${layer.name}:${part}` });
    const parted = graph.node('Reshape', [mapped, byHead], `${layer.name}:${part}:parted`);
    return graph.node('Transpose', [parted], `${layer.name}:${part}:heads`, { perm });
  };
  const [query, key, value] = [
    split('query', [0, 2, 1, 3]),
    split('key', [0, 2, 3, 1]),
    split('value', [0, 2, 1, 3]),
  ];
  const raw = graph.node('MatMul', [query, key], `${layer.name}:scores`);
  const factor = graph.floats(`${layer.name}/factor`, [1], Float32Array.of(1 / Math.sqrt(width)));
  const scaled = graph.node('Mul', [raw, factor], `${layer.name}:scaled`);
  const shares = graph.node('Softmax', [scaled], `${layer.name}:shares`, { axis: -1 });
  const mixed = graph.node('MatMul', [shares, value], `${layer.name}:mixed`);
  const turned = graph.node('Transpose', [mixed], `${layer.name}:turned`, { perm: [0, 2, 1, 3] });
  const joined = graph.node(
    'Reshape',
    [turned, graph.integers(`${layer.name}/join`, [0, 0, channels])],
    `${layer.name}:joined`,
  );
  return linear(context, joined, { prefix: 'output_', output: layer.name });
};

/** Pictures are NCHW here and NHWC in tfjs: a flatten must give tfjs's order. */
const writeFlatten: LayerWriter = ({ graph, layer, inputs }) => {
  const turned = graph.node('Transpose', inputs, `${layer.name}:nhwc`, { perm: [0, 2, 3, 1] });
  return graph.node('Flatten', [turned], layer.name, { axis: 1 });
};

/** Only [1, 1, c] is used: the gate of squeeze and excitation. */
const writeReshape: LayerWriter = ({ graph, layer, inputs }) => {
  const target = layer.config.target_shape ?? layer.config.targetShape;
  if (!Array.isArray(target) || target.length !== 3 || target[0] !== 1 || target[1] !== 1) {
    return fail(layer, `target shape ${JSON.stringify(target)}`);
  }
  const shape = graph.integers(`${layer.name}/shape`, [-1, Number(target[2]), 1, 1]);
  return graph.node('Reshape', [...inputs, shape], layer.name);
};

const pass: LayerWriter = ({ inputs }) => inputs[0]!;
const simple =
  (op: string, attributes = {}): LayerWriter =>
  ({ graph, layer, inputs }) =>
    graph.node(op, inputs, layer.name, attributes);

export const LAYER_WRITERS: Readonly<Record<string, LayerWriter>> = {
  Conv2D: writeConv,
  BatchNormalization: writeBatchNorm,
  MaxPooling2D: writePool('MaxPool'),
  AveragePooling2D: writePool('AveragePool'),
  GlobalAveragePooling2D: ({ graph, layer, inputs }) =>
    graph.node('Flatten', [graph.node('GlobalAveragePool', inputs, `${layer.name}:mean`)], layer.name, {
      axis: 1,
    }),
  GlobalAveragePooling1D: simple('ReduceMean', { axes: [1], keepdims: 0 }),
  Dense: writeDense,
  LayerNormalization: writeLayerNorm,
  Tokens: writeTokens,
  Attention: writeAttention,
  Flatten: writeFlatten,
  Reshape: writeReshape,
  ReLU: simple('Relu'),
  Activation: (context) => activate(context, context.inputs[0]!),
  Multiply: simple('Mul'),
  Add: simple('Add'),
  Dropout: pass,
};

export const writeLayer = (context: WriteContext): string => {
  const writer = LAYER_WRITERS[context.layer.kind] ?? fail(context.layer, 'this kind of layer');
  return writer(context);
};
