import { recordAttackStep, recordRandomStart } from '../../kernels/wgsl/attack.ts';
import { type LossRequest, recordHeadWeights, recordLoss } from '../../kernels/wgsl/head.ts';
import { recordGather } from '../../kernels/wgsl/input.ts';
import { recordAverage, recordOptimizer } from '../../kernels/wgsl/optimizer.ts';
import { CLASS_COUNT, type NetworkSpec, SOURCE_SIZE } from '../../network/spec.ts';
import type { TrainingConfig } from '../config.ts';
import {
  type AttackPlan,
  type EngineState,
  type Metrics,
  type TrainingBatch,
  type TrainingEngine,
  TrainingFault,
} from '../engine.ts';
import { layOut, WeightSet } from './arena.ts';
import { BatchBuffer } from './batch-buffer.ts';
import type { GpuContext, GpuTensor, Pass } from './context.ts';
import { buildGraph, type Graph } from './graph.ts';
import { Predictor, type ResidentData } from './predictor.ts';
import { recordTeachers, type Teacher } from './teachers.ts';

export type EngineRequest = {
  readonly context: GpuContext;
  readonly spec: NetworkSpec;
  readonly weights: readonly Float32Array[];
  readonly data: ResidentData;
  readonly config: TrainingConfig;
  /** Rows a dispatch of the predictor. */
  readonly predictBatch?: number;
  /** The networks whose digests `config.distillation` names, in its order. */
  readonly teachers?: readonly Teacher[];
};

const PREDICT_BATCH = 256;
const RUN_AHEAD = 8;

/** Training as one recorded list of dispatches a step: data, augmentation, network, optimizer and average stay on the GPU. */
export class WebGpuEngine implements TrainingEngine {
  readonly name: string;
  readonly predictor: Predictor;
  readonly gradients: WeightSet;
  private readonly r: EngineRequest;
  private readonly current: WeightSet;
  private readonly average: WeightSet | null;
  private readonly moments: WeightSet;
  private readonly squares: WeightSet;
  private readonly sent: BatchBuffer;
  private readonly metrics: GpuTensor;
  private readonly passes: Pass[];
  private inUse: WeightSet;
  private steps = 0;
  private running: Promise<void> = Promise.resolve();

  constructor(r: EngineRequest) {
    const { context, spec, config } = r;
    this.r = r;
    this.name = `webgpu ${context.open.description}`;
    const layout = layOut(spec);
    const set = (label: string): WeightSet => new WeightSet(context, layout, label);
    this.current = set('current');
    this.gradients = set('gradients');
    this.moments = set('first moments');
    this.squares = set('second moments');
    this.average = config.averageDecay === null ? null : set('average');
    this.inUse = this.current;
    this.sent = new BatchBuffer(context, config.batchSize, 'batch');
    this.metrics = context.allocate(4, 'metrics');
    this.predictor = new Predictor(context, spec, layout, r.predictBatch ?? PREDICT_BATCH);
    this.current.write(r.weights);
    this.average?.write(r.weights);
    this.passes = this.recordStep();
  }

  private recordStep(): Pass[] {
    const { context, spec, config, data } = this.r;
    const { batchSize: batch } = config;
    const picture = context.allocate(batch * spec.inputSize ** 2, 'picture');
    const graph = buildGraph({
      context,
      spec,
      batch,
      mode: 'training',
      weights: this.current,
      gradients: this.gradients,
      input: picture,
    });
    const { indices, partners, views } = this.sent;
    const clean = config.adversarial ? context.allocate(picture.length, 'clean picture') : picture;
    const taught = this.recordTeaching(clean);
    const { loss, weights: headWeights, featureGradient } = this.recordHead(graph, taught?.teacher);
    const down = graph.backward(featureGradient, config.adversarial !== null);
    const gather = recordGather(context, {
      ...{
        batch,
        sourceSize: SOURCE_SIZE,
        size: spec.inputSize,
        mean: spec.mean,
        std: spec.std,
        mixup: config.augmentation.mixup > 0,
      },
      ...{ images: data.images, indices, partners, views, output: clean },
    });
    return [
      gather,
      ...(taught?.passes ?? []),
      ...this.recordAttack(graph, loss, down, clean, picture),
      ...graph.forward,
      loss,
      ...headWeights,
      ...down.all,
      ...this.recordUpdate(),
    ];
  }

  private recordTeaching(picture: GpuTensor): { passes: Pass[]; teacher: LossRequest['teacher'] } | null {
    const { context, config, teachers = [] } = this.r;
    if (!config.distillation) return null;
    const { share } = config.distillation;
    if (teachers.length !== config.distillation.teachers.length || teachers.length === 0)
      throw new Error(
        `distillation names ${config.distillation.teachers.length} teachers, ${teachers.length} given`,
      );
    const { passes, targets } = recordTeachers(context, { teachers, batch: config.batchSize, picture });
    return { passes, teacher: { targets, share } };
  }

  private recordHead(
    graph: Graph,
    teacher: LossRequest['teacher'],
  ): { loss: Pass; weights: Pass[]; featureGradient: GpuTensor } {
    const { context, spec, config, data } = this.r;
    const last = spec.layers.length - 1;
    const [weights, bias] = this.current.ofLayer(last) as [GpuTensor, GpuTensor];
    const [weightGradient, biasGradient] = this.gradients.ofLayer(last) as [GpuTensor, GpuTensor];
    const dropout = spec.layers[last - 1]!;
    const batch = config.batchSize;
    const featureGradient = context.allocate(graph.features.length, 'feature gradient');
    const request: LossRequest = {
      ...{ batch, features: graph.featureCount, classes: CLASS_COUNT, input: graph.features, weights, bias },
      probabilities: featureGradient,
      dropoutRate: dropout.kind === 'dropout' ? dropout.rate : 0,
      labelSmoothing: config.labelSmoothing,
      mixup: config.augmentation.mixup > 0,
      mask: graph.rectified,
      ...{
        step: this.sent.step,
        labels: data.labels,
        indices: this.sent.indices,
        partners: this.sent.partners,
        views: this.sent.views,
      },
      inputGradient: featureGradient,
      errors: context.allocate(batch * 8, 'errors'),
      losses: context.allocate(batch * 2, 'losses'),
      ...(teacher ? { teacher } : {}),
    };
    const own = recordHeadWeights(context, {
      ...request,
      weightGradient,
      biasGradient,
      metrics: this.metrics,
    });
    return { loss: recordLoss(context, request), weights: own, featureGradient };
  }

  /** Fast adversarial training (Wong et al. 2020): a random start and one signed step before the real one. */
  private recordAttack(
    graph: Graph,
    loss: Pass,
    down: { path: Pass[]; inputGradient: GpuTensor },
    clean: GpuTensor,
    picture: GpuTensor,
  ): Pass[] {
    const { context, spec, config } = this.r;
    if (!config.adversarial) return [];
    const shape = { mean: spec.mean, std: spec.std, epsilon: config.adversarial.epsilon };
    const start = recordRandomStart(context, { ...shape, clean, start: picture, step: this.sent.step });
    const step = recordAttackStep(context, {
      ...shape,
      stepSize: config.adversarial.stepSize,
      clean,
      picture,
      gradient: down.inputGradient,
    });
    const once = [...graph.forward, loss, ...down.path, step];
    return [start, ...Array.from({ length: config.adversarial.steps }, () => once).flat()];
  }

  private recordUpdate(): Pass[] {
    const { context, config } = this.r;
    const decays = this.current.decays();
    const flags = context.allocate(decays.length, 'decays');
    context.write(flags, decays);
    const update = recordOptimizer(context, {
      config: config.optimizer,
      step: this.sent.step,
      parameters: this.current.trained,
      gradients: this.gradients.trained,
      first: this.moments.trained,
      second: this.squares.trained,
      decays: flags,
    });
    if (!this.average || config.averageDecay === null) return [update];
    return [
      update,
      recordAverage(context, 'average', config.averageDecay, this.current.trained, this.average.trained),
      recordAverage(context, 'average moving', config.averageDecay, this.current.moving, this.average.moving),
    ];
  }

  get dispatchesPerStep(): number {
    return this.passes.length;
  }

  /** The recorded step, for profiling. */
  get recorded(): readonly Pass[] {
    return this.passes;
  }

  /** Runs ahead of the GPU by RUN_AHEAD steps at most. */
  async step(batch: TrainingBatch): Promise<void> {
    const { optimizer } = this.r.config;
    this.steps++;
    const correction = (beta: number): number => 1 / (1 - beta ** this.steps);
    this.sent.send({
      step: {
        learningRate: batch.learningRate,
        correction1: optimizer.kind === 'adam' ? correction(optimizer.beta1) : 1,
        correction2: optimizer.kind === 'adam' ? correction(optimizer.beta2) : 1,
        maskSeed: batch.maskSeed,
      },
      ...batch,
    });
    this.r.context.submit(this.passes);
    if (this.steps % RUN_AHEAD === 0) {
      await this.running;
      this.running = this.settle();
    }
  }

  /** Waits until the GPU has done what was asked of it. */
  async settle(): Promise<void> {
    await this.r.context.device.queue.onSubmittedWorkDone();
    this.r.context.check();
  }

  async readMetrics(): Promise<Metrics> {
    const [lossSum, correct, count] = await this.r.context.read(this.metrics);
    this.r.context.write(this.metrics, new Float32Array(4));
    if (!Number.isFinite(lossSum)) throw new TrainingFault(`the loss is ${lossSum}`);
    return { lossSum: lossSum!, correct: correct!, count: count! };
  }

  useWeights(which: 'current' | 'averaged'): void {
    this.inUse = which === 'averaged' && this.average ? this.average : this.current;
  }

  /** The predictor, holding the weights in use. */
  preparePredictor(): Predictor {
    this.predictor.weights.copyFrom(this.inUse);
    return this.predictor;
  }

  async predict(indices: Uint32Array, view: Float32Array): Promise<Float32Array> {
    return this.preparePredictor().predict(this.r.data, indices, view);
  }

  async readWeights(which: 'current' | 'averaged' = 'current'): Promise<Float32Array[]> {
    return (which === 'averaged' && this.average ? this.average : this.current).read();
  }

  async readOptimizer(): Promise<Float32Array[]> {
    return [...(await this.moments.read()), ...(await this.squares.read())];
  }

  async restore({ steps, weights, average, optimizer }: EngineState): Promise<void> {
    this.steps = steps;
    this.current.write(weights);
    if (average) this.average?.write(average);
    const half = optimizer.length / 2;
    this.moments.write(optimizer.slice(0, half));
    this.squares.write(optimizer.slice(half));
  }

  predictAttacked(indices: Uint32Array, view: Float32Array, plan: AttackPlan): Promise<Float32Array> {
    return this.preparePredictor().attack(this.r.data, indices, view, { ...plan, randomStart: true });
  }

  dispose(): void {
    this.r.context.dispose();
  }
}
