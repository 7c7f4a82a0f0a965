import { columnPartialLength } from '../../kernels/wgsl/column-sums.ts';
import { firstPartialLength } from '../../kernels/wgsl/first-convolution.ts';
import { partialLength } from '../../kernels/wgsl/matrix-filter-gradient.ts';
import { type Flow, flowAfter } from '../../network/parameters.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { WeightSet } from './arena.ts';
import type { GpuContext, GpuTensor, Pass } from './context.ts';

/** What flows between layers, and whether a ReLU made it (its gradient is applied by whoever hands one back). */
export type Value = { readonly tensor: GpuTensor; readonly flow: Flow; readonly rectified: boolean };

/** Backward passes of one layer: `path` carries the gradient down, `weights` computes the layer's own. */
export type Backward = (
  outputGradient: GpuTensor,
  needsInput: boolean,
) => { path: Pass[]; weights: Pass[]; inputGradient: GpuTensor };
export type Built = { readonly output: Value; readonly forward: Pass[]; readonly backward: Backward };

export type GraphRequest = {
  readonly context: GpuContext;
  readonly spec: NetworkSpec;
  readonly batch: number;
  readonly mode: 'training' | 'inference';
  readonly weights: WeightSet;
  readonly gradients: WeightSet;
  readonly input: GpuTensor;
};

/** A layer's place in a network: what it reads, and what its passes are called. */
export type LayerPlace = {
  readonly workspace: Workspace;
  /** Of the layer in the network's list. */
  readonly index: number;
  readonly input: Value;
  readonly label: string;
};

/** A part of a layer: what it reads, and its own of the layer's tensors. */
export type PartPlace = Pick<LayerPlace, 'workspace' | 'input' | 'label'> & {
  readonly weights: readonly GpuTensor[];
  readonly gradients: readonly GpuTensor[];
};

/** The layer as one part. */
export const wholeLayer = ({ workspace, index, input, label }: LayerPlace): PartPlace => ({
  ...{ workspace, input, label },
  weights: workspace.request.weights.ofLayer(index),
  gradients: workspace.request.gradients.ofLayer(index),
});

/** The part of `place` that has its pairs of tensors (kernel and bias, or scale and offset) from `from` up to `to`. */
export const partOf = (
  place: PartPlace,
  part: { readonly name: string; readonly input: Value; readonly from: number; readonly to: number },
): PartPlace => ({
  ...{ workspace: place.workspace, input: part.input, label: `${place.label} ${part.name}` },
  weights: place.weights.slice(2 * part.from, 2 * part.to),
  gradients: place.gradients.slice(2 * part.from, 2 * part.to),
});

/** What the layers of one graph share. */
export class Workspace {
  readonly request: GraphRequest;
  private shared: GpuTensor | undefined;

  constructor(request: GraphRequest) {
    this.request = request;
  }

  get context(): GpuContext {
    return this.request.context;
  }

  /** Partial sums, used and read again within one layer: one buffer for all. */
  get scratch(): GpuTensor {
    this.shared ??= this.context.allocate(scratchLength(this.request), 'partial sums');
    return this.shared;
  }

  /** A tensor of the flow's pictures, one a row of the batch. */
  activation({ side, channels }: Flow, label: string): GpuTensor {
    return this.context.allocate(this.request.batch * side * side * channels, label);
  }
}

function scratchLength({ spec, batch }: GraphRequest): number {
  let flow: Flow = { side: spec.inputSize, channels: 1 };
  let most = 0;
  for (const layer of spec.layers) {
    const { side, channels } = flow;
    const next = flowAfter(layer, flow);
    most = Math.max(most, columnPartialLength(batch * next.side ** 2, next.channels));
    const shape = { batch, side, inChannels: channels, outChannels: next.channels };
    if (layer.kind === 'conv')
      most = Math.max(
        most,
        channels === 1 ? firstPartialLength(shape) : partialLength({ ...shape, taps: 9 }),
      );
    if (layer.kind === 'dense' && layer.relu)
      most = Math.max(most, partialLength({ ...shape, taps: 1 }), 16 * batch * layer.units);
    if (layer.kind === 'encoder')
      most = Math.max(most, ...encoderPartials({ batch, side, channels, hidden: layer.hidden }));
    flow = next;
  }
  return most;
}

/** What the sums of an encoder's linear maps take: four of `channels`, one wider, one narrower. */
function encoderPartials(r: { batch: number; side: number; channels: number; hidden: number }): number[] {
  const { batch, side, channels, hidden } = r;
  const linear = (inChannels: number, outChannels: number): number =>
    partialLength({ batch, side, inChannels, outChannels, taps: 1 });
  return [
    columnPartialLength(batch * side ** 2, hidden),
    ...[linear(channels, channels), linear(channels, hidden), linear(hidden, channels)],
  ];
}
