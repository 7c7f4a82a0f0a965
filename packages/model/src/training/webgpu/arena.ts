import { PARAMETER_ALIGNMENT } from '../../kernels/wgsl/optimizer.ts';
import { type Parameter, parametersByLayer } from '../../network/parameters.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { GpuContext, GpuTensor } from './context.ts';

type Place = { readonly parameter: Parameter; readonly trained: boolean; readonly offset: number };

/** Where each parameter lies: trained ones in one buffer, moving statistics in another. */
export type Layout = {
  readonly byLayer: readonly (readonly Place[])[];
  readonly trainedLength: number;
  readonly movingLength: number;
};

const align = (n: number): number => Math.ceil(n / PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT;

export function layOut(spec: NetworkSpec): Layout {
  let trainedLength = 0;
  let movingLength = 0;
  const byLayer = parametersByLayer(spec).map((parameters) =>
    parameters.map((parameter) => {
      const offset = parameter.trainable ? trainedLength : movingLength;
      if (parameter.trainable) trainedLength += align(parameter.size);
      else movingLength += align(parameter.size);
      return { parameter, trained: parameter.trainable, offset };
    }),
  );
  return { byLayer, trainedLength, movingLength: Math.max(movingLength, PARAMETER_ALIGNMENT) };
}

/** One whole set of weights in GPU memory. */
export class WeightSet {
  readonly layout: Layout;
  readonly trained: GpuTensor;
  readonly moving: GpuTensor;
  private readonly context: GpuContext;

  constructor(context: GpuContext, layout: Layout, label: string) {
    this.context = context;
    this.layout = layout;
    this.trained = context.allocate(layout.trainedLength, `${label} trained`);
    this.moving = context.allocate(layout.movingLength, `${label} moving`);
  }

  /** The tensors of a layer, in `parametersByLayer` order. */
  ofLayer(index: number): GpuTensor[] {
    return this.layout.byLayer[index]!.map(({ parameter, trained, offset }) => ({
      buffer: trained ? this.trained.buffer : this.moving.buffer,
      offset,
      length: parameter.size,
    }));
  }

  write(weights: readonly Float32Array[]): void {
    const trained = new Float32Array(this.layout.trainedLength);
    const moving = new Float32Array(this.layout.movingLength);
    this.layout.byLayer.flat().forEach((place, i) => {
      if (weights[i]?.length !== place.parameter.size)
        throw new Error(`weights do not fit at ${place.parameter.name}`);
      (place.trained ? trained : moving).set(weights[i]!, place.offset);
    });
    this.context.write(this.trained, trained);
    this.context.write(this.moving, moving);
  }

  async read(): Promise<Float32Array[]> {
    const [trained, moving] = [await this.context.read(this.trained), await this.context.read(this.moving)];
    return this.layout.byLayer
      .flat()
      .map((p) => (p.trained ? trained : moving).slice(p.offset, p.offset + p.parameter.size));
  }

  copyFrom(other: WeightSet): void {
    this.context.copy(other.trained, this.trained);
    this.context.copy(other.moving, this.moving);
  }

  /** 1 for each block of a decaying parameter (kernels). */
  decays(): Float32Array {
    const flags = new Float32Array(this.layout.trainedLength / PARAMETER_ALIGNMENT);
    for (const { parameter, trained, offset } of this.layout.byLayer.flat()) {
      if (!trained || parameter.role !== 'kernel') continue;
      flags.fill(1, offset / PARAMETER_ALIGNMENT, align(offset + parameter.size) / PARAMETER_ALIGNMENT);
    }
    return flags;
  }
}
