import { FACE_SIZE, LABELS } from '../../labels.ts';
import { type Calibration, FLOOR_WIDTH, UNCALIBRATED } from '../calibrated.ts';
import {
  embeddingLayerOf,
  type Layer,
  type LayersModel,
  type NamedTensor,
  parseTopology,
} from '../layers.ts';
import { GraphBuilder } from './graph-builder.ts';
import { writeLayer } from './layer-writers.ts';
import { poolBeforeGate } from './pool-before-gate.ts';

/** What a network takes: a square of `size` pixels, each (gray / 255 - mean) / std. */
export type InputForm = { readonly size: number; readonly mean: number; readonly std: number };

export type OnnxOptions = {
  readonly input: InputForm;
  /** How the graph's probabilities come of its logits; none where not given. */
  readonly calibration?: Calibration;
  /** Side of the pictures the graph takes: 48 (the default, cut to the centre) or the network's own size. */
  readonly pictureSize?: number;
  readonly name?: string;
};

/**
 * A tfjs layers model as ONNX: input `pixels` UINT8 [n, side, side], outputs `probabilities` [n, 7] (calibrated),
 * `logits` [n, 7] and `embedding` [n, d]. Normalising, centre crop and calibration are part of the graph, so that
 * whatever server runs it gets the same numbers from the same bytes.
 * @throws ModelError layer-unsupported
 */
export const toOnnx = (model: LayersModel, options: OnnxOptions): Uint8Array => {
  const layers = poolBeforeGate(parseTopology(model.topology));
  const weights = new Map(model.weights.map((tensor) => [tensor.name, tensor]));
  const graph = new GraphBuilder();
  const values = new Map<string, string>();
  for (const layer of layers) {
    if (layer.kind === 'InputLayer' || layer.inputs.length === 0)
      values.set(layer.name, writeInput(graph, options));
    if (layer.kind === 'InputLayer') continue;
    const inputs =
      layer.inputs.length === 0 ? [values.get(layer.name)!] : layer.inputs.map((name) => values.get(name)!);
    // A prefix, lest a layer's name be one of the graph's outputs.
    const named = { ...layer, name: `net/${layer.name}` };
    const weight = (name: string): NamedTensor | undefined => weights.get(`${layer.name}/${name}`);
    values.set(layer.name, writeLayer({ graph, layer: named, inputs, weight }));
  }
  writeOutputs(graph, layers, values, weights, options.calibration ?? UNCALIBRATED);
  return graph.encode(options.name ?? 'fer', { labels: LABELS.join(','), license: 'Apache-2.0' });
};

const writeInput = (graph: GraphBuilder, { input, pictureSize = FACE_SIZE }: OnnxOptions): string => {
  const pixels = graph.input('pixels', 'uint8', ['n', pictureSize, pictureSize]);
  let value = graph.node('Cast', [pixels], 'pixels:float', { to: 1 });
  const margin = Math.floor((pictureSize - input.size) / 2);
  if (pictureSize !== input.size) {
    const starts = graph.integers('crop/starts', [margin, margin]);
    const ends = graph.integers('crop/ends', [margin + input.size, margin + input.size]);
    value = graph.node('Slice', [value, starts, ends, graph.integers('crop/axes', [1, 2])], 'pixels:centre');
  }
  const factor = graph.floats('input/factor', [1], Float32Array.of(1 / (255 * input.std)));
  value = graph.node('Mul', [value, factor], 'pixels:scaled');
  if (input.mean !== 0) {
    const shift = graph.floats('input/shift', [1], Float32Array.of(input.mean / input.std));
    value = graph.node('Sub', [value, shift], 'pixels:normal');
  }
  return graph.node('Unsqueeze', [value, graph.integers('input/axes', [1])], 'image');
};

/** `undoSmoothing` of bundle/calibrated.ts. */
const writeUndoSmoothing = (graph: GraphBuilder, logits: string, labelSmoothing: number): string => {
  const smoothed = graph.node('Softmax', [logits], 'smoothed', { axis: 1 });
  const floor = graph.floats('smoothing/floor', [1], Float32Array.of(labelSmoothing / LABELS.length));
  const above = graph.node('Sub', [smoothed, floor], 'smoothed:above');
  const width = graph.floats('smoothing/width', [1], Float32Array.of((1 - labelSmoothing) * FLOOR_WIDTH));
  const bent = graph.node('Softplus', [graph.node('Div', [above, width], 'smoothed:widths')], 'unsmoothed');
  return graph.node('Log', [bent], 'logits:unsmoothed');
};

const writeOutputs = (
  graph: GraphBuilder,
  layers: readonly Layer[],
  values: ReadonlyMap<string, string>,
  weights: ReadonlyMap<string, NamedTensor>,
  { temperature, labelSmoothing }: Calibration,
): void => {
  const embedding = values.get(embeddingLayerOf(layers))!;
  const last = layers.at(-1)!;
  const width = weights.get(`${last.name}/kernel`)?.shape[0] ?? 0;
  const logits = graph.node('Identity', [values.get(last.name)!], 'logits');
  const unsmoothed = labelSmoothing === 0 ? logits : writeUndoSmoothing(graph, logits, labelSmoothing);
  const divisor = graph.floats('temperature', [1], Float32Array.of(temperature));
  const scaled = graph.node('Div', [unsmoothed, divisor], 'logits:calibrated');
  graph.node('Softmax', [scaled], 'probabilities', { axis: 1 });
  graph.node('Identity', [embedding], 'embedding');
  graph.output('probabilities', 'float32', ['n', LABELS.length]);
  graph.output('logits', 'float32', ['n', LABELS.length]);
  graph.output('embedding', 'float32', ['n', width]);
};
