import * as tf from '@tensorflow/tfjs';
import { mixInputs, resample } from '../augment/resample.ts';
import { VIEW_LENGTH } from '../augment/view.ts';
import { type FerNetwork, getWeights, setWeights } from '../network/build.ts';
import { CLASS_COUNT, SOURCE_SIZE } from '../network/spec.ts';
import { deriveSeed } from '../random/keyed-generator.ts';
import { dropBound, hashPosition } from '../random/position-hash.ts';
import type { TrainingConfig } from './config.ts';
import {
  type AttackPlan,
  type EngineState,
  type Metrics,
  type TrainingBatch,
  type TrainingEngine,
  TrainingFault,
} from './engine.ts';
import type { TrainingData } from './loop.ts';
import { randomStart, stepAgainst } from './tfjs-attack.ts';
import { createOptimizer, readOptimizer, writeOptimizer } from './tfjs-optimizer.ts';

const PREDICT_BATCH = 64;

/** Mean over the batch, nats. */
const crossEntropy = (p: tf.Tensor2D, y: tf.Tensor2D): tf.Scalar =>
  tf.neg(tf.mean(tf.sum(tf.mul(y, tf.log(tf.clipByValue(p, 1e-7, 1))), 1))) as tf.Scalar;

/** Training on any TensorFlow.js backend, one variable update at a time. */
export class TfjsEngine implements TrainingEngine {
  readonly name = `tfjs ${tf.getBackend()}`;
  private readonly network: FerNetwork;
  private readonly teachers: readonly FerNetwork[];
  private readonly data: TrainingData;
  private readonly config: TrainingConfig;
  private readonly optimizer: tf.Optimizer;
  private readonly trained: tf.Variable[];
  private readonly decayed: tf.Variable[];
  private average: Float32Array[] | null = null;
  private averagedInUse = false;
  private metrics: Metrics = { lossSum: 0, correct: 0, count: 0 };
  private maskSeed = 0;

  /** `teachers` are the networks whose digests `config.distillation` names. */
  constructor(
    network: FerNetwork,
    data: TrainingData,
    config: TrainingConfig,
    teachers: readonly FerNetwork[] = [],
  ) {
    const named = config.distillation?.teachers.length ?? 0;
    if (named !== teachers.length)
      throw new Error(`the configuration names ${named} teachers, ${teachers.length} are given`);
    this.network = network;
    this.teachers = teachers;
    this.data = data;
    this.config = config;
    this.optimizer = createOptimizer(config.optimizer, config.learningRate);
    // `read()` gives the tensor of a layer variable; the optimizer wants the variable itself.
    const weights = network.model.trainableWeights as unknown as { originalName: string; val: tf.Variable }[];
    this.trained = weights.map((w) => w.val);
    this.decayed = weights.filter((w) => w.originalName.endsWith('kernel')).map((w) => w.val);
    this.seedDropout();
  }

  /** tfjs draws dropout masks from Math.random, or the same mask at each call when seeded: draw them by position. */
  private seedDropout(): void {
    this.network.model.layers.forEach((layer) => {
      if (layer.getClassName() !== 'Dropout') return;
      const { rate } = this.network.spec.layers.find((l) => l.kind === 'dropout') as { rate: number };
      layer.call = (inputs, kwargs) => {
        const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor;
        return kwargs.training ? tf.mul(x, this.mask(x.shape, rate)) : x;
      };
    });
  }

  private mask(shape: number[], rate: number): tf.Tensor {
    const bound = dropBound(rate);
    const kept = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      hashPosition(i, this.maskSeed) >= bound ? 1 / (1 - rate) : 0,
    );
    return tf.tensor(kept, shape);
  }

  private inputs(indices: Uint32Array, views: Float32Array): Float32Array {
    const { inputSize: size, mean, std } = this.network.spec;
    return resample({ images: this.data.images, sourceSize: SOURCE_SIZE, size, indices, views, mean, std });
  }

  private targets({ indices, partners, views }: TrainingBatch): Float32Array {
    const out = new Float32Array(indices.length * CLASS_COUNT).fill(this.config.labelSmoothing / CLASS_COUNT);
    const scale = 1 - this.config.labelSmoothing;
    const add = (at: number, weight: number): void => {
      out[at] = out[at]! + scale * weight;
    };
    indices.forEach((row, i) => {
      const weight = partners.length > 0 ? views[i * VIEW_LENGTH + 11]! : 1;
      add(i * CLASS_COUNT + this.data.labels[row]!, weight);
      if (partners.length > 0) add(i * CLASS_COUNT + this.data.labels[partners[i]!]!, 1 - weight);
    });
    return out;
  }

  private ownLabels(indices: Uint32Array): tf.Tensor1D {
    return tf.tensor1d(
      Array.from(indices, (row) => this.data.labels[row]!),
      'int32',
    );
  }

  async step(batch: TrainingBatch): Promise<void> {
    if (this.config.averageDecay !== null) this.average ??= await getWeights(this.network);
    const { inputSize: size } = this.network.spec;
    const count = batch.indices.length;
    const own = this.inputs(batch.indices, batch.views);
    const mixed =
      batch.partners.length > 0 ? mixInputs(own, this.inputs(batch.partners, batch.views), batch.views) : own;
    this.maskSeed = batch.maskSeed;
    (this.optimizer as unknown as { learningRate: number }).learningRate = batch.learningRate;
    const [loss, hits] = tf.tidy(() => {
      const clean = tf.tensor4d(mixed, [count, size, size, 1]);
      const y = this.taught(clean, tf.tensor2d(this.targets(batch), [count, CLASS_COUNT]));
      const x = this.moveBatch(clean, y, batch.maskSeed);
      let probabilities: tf.Tensor | undefined;
      const value = this.optimizer.minimize(
        () => {
          const p = this.network.model.apply(x, { training: true }) as tf.Tensor2D;
          probabilities = tf.keep(p.clone());
          return tf.add(crossEntropy(p, y), this.penalty()) as tf.Scalar;
        },
        true,
        this.trained,
      )!;
      const right = tf.sum(tf.equal(tf.argMax(probabilities!, 1), this.ownLabels(batch.indices)));
      probabilities!.dispose();
      return [value, right];
    });
    const [lossValue, hitCount] = await Promise.all([loss!.data(), hits!.data()]);
    tf.dispose([loss!, hits!]);
    if (!Number.isFinite(lossValue[0])) throw new TrainingFault(`the loss is ${lossValue[0]}`);
    const m = this.metrics;
    this.metrics = {
      lossSum: m.lossSum + lossValue[0]! * count,
      correct: m.correct + hitCount[0]!,
      count: m.count + count,
    };
    await this.updateAverage();
  }

  /** Fast adversarial training (Wong et al. 2020): a random start and one signed step, statistics of the batch. */
  private moveBatch(clean: tf.Tensor4D, y: tf.Tensor2D, seed: number): tf.Tensor4D {
    const { adversarial } = this.config;
    if (!adversarial) return clean;
    const loss = (x: tf.Tensor4D): tf.Scalar =>
      crossEntropy(this.network.model.apply(x, { training: true }) as tf.Tensor2D, y);
    return this.attack(clean, { ...adversarial, loss, seed });
  }

  private attack(
    clean: tf.Tensor4D,
    { loss, seed, ...plan }: Omit<AttackPlan, 'seed'> & { loss(x: tf.Tensor4D): tf.Scalar; seed: number },
  ): tf.Tensor4D {
    const { mean, std } = this.network.spec;
    const shape = { mean, std, epsilon: plan.epsilon, stepSize: plan.stepSize };
    let picture = tf.tidy(() => randomStart(clean, shape, seed));
    for (let step = 0; step < plan.steps; step++) {
      const next = tf.tidy(() => stepAgainst(loss, picture, clean, shape));
      picture.dispose();
      picture = next;
    }
    return picture;
  }

  /** Targets with the teachers' mean reading of the same pictures mixed in. */
  private taught(x: tf.Tensor4D, labels: tf.Tensor2D): tf.Tensor2D {
    const { distillation } = this.config;
    if (!distillation) return labels;
    const readings = this.teachers.map(({ model }) => model.apply(x, { training: false }) as tf.Tensor2D);
    const mean = tf.div(tf.addN(readings), readings.length);
    return tf.add(tf.mul(labels, 1 - distillation.share), tf.mul(mean, distillation.share));
  }

  /** Weight decay on kernels, as the L2 term whose gradient it is. */
  private penalty(): tf.Scalar {
    const { optimizer } = this.config;
    if (optimizer.kind !== 'sgd' || optimizer.weightDecay === 0) return tf.scalar(0);
    const squares = this.decayed.map((w) => tf.sum(tf.square(w)));
    return tf.mul(tf.addN(squares), optimizer.weightDecay / 2);
  }

  private async updateAverage(): Promise<void> {
    const decay = this.config.averageDecay;
    if (decay === null) return;
    const now = await getWeights(this.network);
    const before = this.average;
    this.average = before
      ? now.map((w, k) => w.map((v, i) => decay * before[k]![i]! + (1 - decay) * v))
      : now;
  }

  async readMetrics(): Promise<Metrics> {
    const read = this.metrics;
    this.metrics = { lossSum: 0, correct: 0, count: 0 };
    return read;
  }

  useWeights(which: 'current' | 'averaged'): void {
    this.averagedInUse = which === 'averaged' && this.average !== null;
  }

  predict(indices: Uint32Array, view: Float32Array): Promise<Float32Array> {
    return this.predictPrepared(indices, view, (x) => x);
  }

  predictAttacked(indices: Uint32Array, view: Float32Array, plan: AttackPlan): Promise<Float32Array> {
    return this.predictPrepared(indices, view, (x, from) => {
      const y = tf.oneHot(
        tf.tensor1d(
          Int32Array.from(indices.subarray(from, from + x.shape[0]), (row) => this.data.labels[row]!),
          'int32',
        ),
        CLASS_COUNT,
      ) as tf.Tensor2D;
      const loss = (moved: tf.Tensor4D): tf.Scalar =>
        crossEntropy(this.network.model.apply(moved, { training: false }) as tf.Tensor2D, y);
      return this.attack(x, { ...plan, loss, seed: deriveSeed(plan.seed, 'attack', from) });
    });
  }

  private async predictPrepared(
    indices: Uint32Array,
    view: Float32Array,
    prepare: (x: tf.Tensor4D, from: number) => tf.Tensor4D,
  ): Promise<Float32Array> {
    const current = this.averagedInUse ? await getWeights(this.network) : null;
    if (this.averagedInUse) setWeights(this.network, this.average!);
    const { inputSize: size } = this.network.spec;
    const out = new Float32Array(indices.length * CLASS_COUNT);
    for (let from = 0; from < indices.length; from += PREDICT_BATCH) {
      const rows = indices.subarray(from, from + PREDICT_BATCH);
      const result = tf.tidy(() => {
        const x = prepare(tf.tensor4d(this.inputs(rows, view), [rows.length, size, size, 1]), from);
        return this.network.model.apply(x, { training: false }) as tf.Tensor;
      });
      out.set(await result.data(), from * CLASS_COUNT);
      result.dispose();
    }
    if (current) setWeights(this.network, current);
    return out;
  }

  async readWeights(which: 'current' | 'averaged' = 'current'): Promise<Float32Array[]> {
    return which === 'averaged' && this.average ? this.average : getWeights(this.network);
  }

  readOptimizer(): Promise<Float32Array[]> {
    return readOptimizer(this.optimizer);
  }

  async restore({ weights, average, optimizer }: EngineState): Promise<void> {
    setWeights(this.network, weights);
    this.average = average ? average.map((tensor) => tensor.slice()) : null;
    await writeOptimizer(this.optimizer, optimizer, this.trained);
  }

  dispose(): void {
    this.optimizer.dispose();
  }
}
