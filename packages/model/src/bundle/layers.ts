import { z } from 'zod';
import { ModelError } from '../errors.ts';

/** One tensor of a network, by its tfjs name ("conv0/kernel"). */
export type NamedTensor = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
};

/** A layer of a tfjs layers model: what it is, how it is set, which layers feed it. */
export type Layer = {
  readonly name: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
};

/** A network as data: its layers in topological order and its weights. */
export type LayersModel = {
  /** The tfjs topology, as `model.toJSON` gives it. */
  readonly topology: object;
  readonly weights: readonly NamedTensor[];
};

const layerSchema = z.object({
  class_name: z.string(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(z.array(z.array(z.unknown()))).optional(),
});
const topologySchema = z.object({
  class_name: z.string(),
  config: z.union([z.array(layerSchema), z.object({ layers: z.array(layerSchema) })]),
});

/** Reads a tfjs topology ("Sequential", "Model" or "Functional"; with or without the model_config wrapper). */
export const parseTopology = (topology: object, path = 'model.json'): Layer[] => {
  const inner = 'model_config' in topology ? topology.model_config : topology;
  const parsed = topologySchema.safeParse(inner);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ModelError('bundle-topology', { path, seen: `${issue?.path.join('.')}: ${issue?.message}` });
  }
  const { config } = parsed.data;
  const isSequential = parsed.data.class_name === 'Sequential';
  let previous: string[] = [];
  return (Array.isArray(config) ? config : config.layers).map((layer, index) => {
    const name = String(layer.config.name ?? `layer${index}`);
    const inbound = (layer.inbound_nodes?.[0] ?? []).map((node) => String(node[0]));
    const inputs = isSequential ? previous : inbound;
    previous = [name];
    return { name, kind: layer.class_name, config: layer.config, inputs };
  });
};

/** The layer that gives the embedding: what feeds the last dense layer, dropout aside. */
export const embeddingLayerOf = (layers: readonly Layer[]): string => {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  let name = layers.at(-1)?.inputs[0];
  while (name !== undefined && byName.get(name)?.kind === 'Dropout') name = byName.get(name)?.inputs[0];
  if (name === undefined)
    throw new ModelError('bundle-topology', { path: 'model.json', seen: 'one layer only' });
  return name;
};

export const countParameters = (weights: readonly NamedTensor[]): number =>
  weights.reduce((sum, tensor) => sum + tensor.data.length, 0);
