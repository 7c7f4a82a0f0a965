import {
  type AttentionRequest,
  recordAttention,
  recordAttentionGradient,
} from '../../kernels/wgsl/attention.ts';
import { recordSum } from '../../kernels/wgsl/sums.ts';
import type { GpuTensor } from './context.ts';
import { buildLinear } from './graph-convolution.ts';
import { type Backward, type Built, type PartPlace, partOf, type Value } from './graph-layer.ts';

type Heads = Pick<Built, 'output' | 'forward'> & {
  readonly backward: (outputGradient: GpuTensor) => {
    readonly path: ReturnType<Backward>['path'];
    /** Of query, key and value. */
    readonly gradients: readonly [GpuTensor, GpuTensor, GpuTensor];
  };
};

type Three<T> = readonly [query: T, key: T, value: T];

function buildHeads(heads: number, [query, key, value]: Three<Value>, place: PartPlace): Heads {
  const { workspace, label } = place;
  const { context, request } = workspace;
  const { flow } = query;
  const tokens = flow.side * flow.side;
  const own: AttentionRequest = {
    ...{ label: `${label} heads`, batch: request.batch, tokens, channels: flow.channels, heads },
    ...{ query: query.tensor, key: key.tensor, value: value.tensor },
    output: workspace.activation(flow, `${label} heads`),
    shares: context.allocate(request.batch * heads * tokens * tokens, `${label} shares`),
  };
  return {
    output: { tensor: own.output, flow, rectified: false },
    forward: [recordAttention(context, own)],
    backward: (outputGradient) => {
      const of = (part: string): GpuTensor => workspace.activation(flow, `${label} ${part} gradient`);
      const [queryGradient, keyGradient, valueGradient] = [of('query'), of('key'), of('value')];
      const down = { outputGradient, queryGradient, keyGradient, valueGradient };
      return {
        path: [recordAttentionGradient(context, own, down)],
        gradients: [queryGradient, keyGradient, valueGradient],
      };
    },
  };
}

/** Linear maps to query, key and value, the heads, and the linear map of their outputs: four pairs of tensors. */
export function buildAttention(heads: number, place: PartPlace): Built {
  const { workspace, input, label } = place;
  const { channels } = input.flow;
  const linear = (name: string, from: number, of: Value): Built =>
    buildLinear(partOf(place, { name, input: of, from, to: from + 1 }), { channels, relu: false });
  const maps: Three<Built> = [linear('query', 0, input), linear('key', 1, input), linear('value', 2, input)];
  const attended = buildHeads(heads, [maps[0].output, maps[1].output, maps[2].output], place);
  const mapped = linear('output', 3, attended.output);
  return {
    output: mapped.output,
    forward: [...maps.flatMap(({ forward }) => forward), ...attended.forward, ...mapped.forward],
    backward: (outputGradient) => {
      const ofMapped = mapped.backward(outputGradient, true);
      const ofHeads = attended.backward(ofMapped.inputGradient);
      const [q, k, v] = [0, 1, 2].map((n) => maps[n]!.backward(ofHeads.gradients[n]!, true)) as [
        ...[ReturnType<Backward>, ReturnType<Backward>, ReturnType<Backward>],
      ];
      const inputGradient = workspace.activation(input.flow, `${label} gradient`);
      const join = recordSum(workspace.context, {
        label: `${label} gradient`,
        parts: [q.inputGradient, k.inputGradient, v.inputGradient],
        result: inputGradient,
      });
      return {
        path: [...ofMapped.path, ...ofHeads.path, ...q.path, ...k.path, ...v.path, join],
        weights: [...ofMapped.weights, ...q.weights, ...k.weights, ...v.weights],
        inputGradient,
      };
    },
  };
}
