import { VIEW_LENGTH } from '../../augment/view.ts';
import { STEP_WORDS } from '../../kernels/wgsl/head.ts';
import type { GpuContext, GpuTensor } from './context.ts';

const align = (n: number): number => Math.ceil(n / 64) * 64; // WebGPU binds at multiples of 256 bytes

export type StepWords = { learningRate: number; correction1: number; correction2: number; maskSeed: number };

/** All that the host sends for one step, in one buffer and one write. */
export class BatchBuffer {
  readonly step: GpuTensor;
  readonly indices: GpuTensor;
  readonly partners: GpuTensor;
  readonly views: GpuTensor;
  private readonly context: GpuContext;
  private readonly whole: GpuTensor;
  private readonly floats: Float32Array;
  private readonly words: Uint32Array;

  constructor(context: GpuContext, batch: number, label: string) {
    this.context = context;
    const row = align(batch);
    this.whole = context.allocate(64 + 2 * row + align(batch * VIEW_LENGTH), label);
    const part = (offset: number, length: number): GpuTensor => ({
      buffer: this.whole.buffer,
      offset,
      length,
    });
    this.step = part(0, 64);
    this.indices = part(64, batch);
    this.partners = part(64 + row, batch);
    this.views = part(64 + 2 * row, batch * VIEW_LENGTH);
    this.floats = new Float32Array(this.whole.length);
    this.words = new Uint32Array(this.floats.buffer);
  }

  send(values: {
    step?: StepWords;
    indices: Uint32Array;
    partners?: Uint32Array;
    views: Float32Array;
  }): void {
    if (values.step) {
      for (const name of ['learningRate', 'correction1', 'correction2'] as const)
        this.floats[STEP_WORDS[name]] = values.step[name];
      this.words[STEP_WORDS.maskSeed] = values.step.maskSeed;
    }
    this.words.set(values.indices, this.indices.offset);
    if (values.partners) this.words.set(values.partners, this.partners.offset);
    this.floats.set(values.views, this.views.offset);
    this.context.write(this.whole, this.words);
  }
}
