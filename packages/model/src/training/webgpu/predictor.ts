import { recordAttackStep, recordRandomStart } from '../../kernels/wgsl/attack.ts';
import { type LossRequest, recordLoss, recordProbabilities } from '../../kernels/wgsl/head.ts';
import { recordGather } from '../../kernels/wgsl/input.ts';
import { CLASS_COUNT, type NetworkSpec, SOURCE_SIZE } from '../../network/spec.ts';
import { deriveSeed } from '../../random/keyed-generator.ts';
import type { Layout } from './arena.ts';
import { WeightSet } from './arena.ts';
import { BatchBuffer } from './batch-buffer.ts';
import type { GpuContext, GpuTensor, Pass } from './context.ts';
import { buildGraph, type Graph } from './graph.ts';

/** Images and labels in GPU memory. */
export type ResidentData = { readonly images: GpuTensor; readonly labels: GpuTensor; readonly count: number };

export function uploadData(context: GpuContext, images: Uint8Array, labels: Uint8Array): ResidentData {
  const padded = new Uint8Array(Math.ceil(images.length / 4) * 4);
  padded.set(images);
  const resident = {
    images: context.allocate(padded.length / 4, 'images'),
    labels: context.allocate(labels.length, 'labels'),
    count: labels.length,
  };
  context.write(resident.images, padded);
  context.write(resident.labels, Uint32Array.from(labels));
  return resident;
}

export type AttackOptions = {
  readonly epsilon: number;
  readonly stepSize: number;
  readonly steps: number;
  readonly randomStart: boolean;
  readonly seed: string;
};

const ROW = 8; // a row of probabilities: 7, and one of padding

/** A network with fixed statistics: class probabilities, features, and attacks on its pictures. */
export class Predictor {
  readonly weights: WeightSet;
  private readonly context: GpuContext;
  private readonly spec: NetworkSpec;
  private readonly batch: number;
  private readonly sent: BatchBuffer;
  private readonly picture: GpuTensor;
  private readonly clean: GpuTensor;
  private readonly probabilities: GpuTensor;
  private readonly graph: Graph;

  constructor(context: GpuContext, spec: NetworkSpec, layout: Layout, batch: number) {
    this.context = context;
    this.spec = spec;
    this.batch = batch;
    this.weights = new WeightSet(context, layout, 'inference');
    this.sent = new BatchBuffer(context, batch, 'inference batch');
    const pixels = batch * spec.inputSize ** 2;
    this.picture = context.allocate(pixels, 'picture');
    this.clean = context.allocate(pixels, 'clean picture');
    this.probabilities = context.allocate(batch * ROW, 'probabilities');
    // Its gradients are never read: the inference graph's own weight passes are not run.
    this.graph = buildGraph({
      context,
      spec,
      batch,
      mode: 'inference',
      weights: this.weights,
      gradients: this.weights,
      input: this.picture,
    });
  }

  private get head() {
    const [weights, bias] = this.weights.ofLayer(this.spec.layers.length - 1) as [GpuTensor, GpuTensor];
    const { features, featureCount } = this.graph;
    return {
      batch: this.batch,
      features: featureCount,
      classes: CLASS_COUNT,
      input: features,
      weights,
      bias,
      probabilities: this.probabilities,
    };
  }

  private gather(data: ResidentData, output: GpuTensor): Pass {
    const { inputSize: size, mean, std } = this.spec;
    const { indices, partners, views } = this.sent;
    return recordGather(this.context, {
      ...{ batch: this.batch, sourceSize: SOURCE_SIZE, size, mean, std, mixup: false, images: data.images },
      ...{ indices, partners, views, sharedView: true, output },
    });
  }

  /** Runs `passes` over all rows, a batch at a time, and collects `source` (`width` numbers a row). */
  private async run(
    rows: Uint32Array,
    view: Float32Array,
    passes: readonly Pass[],
    source: GpuTensor,
    width: number,
  ): Promise<Float32Array> {
    const results = this.context.allocate(
      Math.ceil(rows.length / this.batch) * this.batch * width,
      'results',
    );
    for (let from = 0; from < rows.length; from += this.batch) {
      const indices = new Uint32Array(this.batch).fill(rows[rows.length - 1]!);
      indices.set(rows.subarray(from, from + this.batch));
      this.sent.send({
        step: { learningRate: 0, correction1: 0, correction2: 0, maskSeed: deriveSeed('attack', from) },
        indices,
        views: view,
      });
      this.context.submit(passes);
      this.context.copy(source, { buffer: results.buffer, offset: from * width, length: this.batch * width });
    }
    const values = await this.context.read(results);
    results.buffer.destroy();
    return values.subarray(0, rows.length * width);
  }

  private static packed(rows: Float32Array): Float32Array {
    const count = rows.length / ROW;
    const out = new Float32Array(count * CLASS_COUNT);
    for (let i = 0; i < count; i++) out.set(rows.subarray(i * ROW, i * ROW + CLASS_COUNT), i * CLASS_COUNT);
    return out;
  }

  async predict(data: ResidentData, rows: Uint32Array, view: Float32Array): Promise<Float32Array> {
    const passes = [
      this.gather(data, this.picture),
      ...this.graph.forward,
      recordProbabilities(this.context, this.head),
    ];
    return Predictor.packed(await this.run(rows, view, passes, this.probabilities, ROW));
  }

  /** What the last dense layer reads: the embedding of each row. */
  async embed(data: ResidentData, rows: Uint32Array, view: Float32Array): Promise<Float32Array> {
    const passes = [this.gather(data, this.picture), ...this.graph.forward];
    return this.run(rows, view, passes, this.graph.features, this.graph.featureCount);
  }

  /** Probabilities under a white-box attack on each row's own label: FGSM is one step without a random start. */
  async attack(
    data: ResidentData,
    rows: Uint32Array,
    view: Float32Array,
    o: AttackOptions,
  ): Promise<Float32Array> {
    const { mean, std } = this.spec;
    const featureGradient = this.context.allocate(this.graph.features.length, 'feature gradient');
    const errors = this.context.allocate(this.batch * ROW, 'errors');
    const losses = this.context.allocate(this.batch * 2, 'losses');
    const request: LossRequest = {
      ...this.head,
      ...{
        dropoutRate: 0,
        labelSmoothing: 0,
        mixup: false,
        mask: this.graph.rectified,
        step: this.sent.step,
        labels: data.labels,
      },
      ...{
        indices: this.sent.indices,
        partners: this.sent.partners,
        views: this.sent.views,
        inputGradient: featureGradient,
        errors,
        losses,
      },
    };
    const down = this.graph.backward(featureGradient, true);
    const shape = { mean, std, epsilon: o.epsilon };
    const step = recordAttackStep(this.context, {
      ...shape,
      stepSize: o.stepSize,
      clean: this.clean,
      picture: this.picture,
      gradient: down.inputGradient,
    });
    const once = [...this.graph.forward, recordLoss(this.context, request), ...down.path, step];
    const start = recordRandomStart(this.context, {
      ...shape,
      epsilon: o.randomStart ? o.epsilon : 0,
      clean: this.clean,
      start: this.picture,
      step: this.sent.step,
    });
    const passes = [
      this.gather(data, this.clean),
      start,
      ...Array.from({ length: o.steps }, () => once).flat(),
      ...this.graph.forward,
      recordProbabilities(this.context, this.head),
    ];
    return Predictor.packed(await this.run(rows, view, passes, this.probabilities, ROW));
  }
}
