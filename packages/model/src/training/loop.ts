import { createHash } from 'node:crypto';
import { centreView, planViews } from '../augment/view.ts';
import { CLASS_COUNT, type NetworkSpec, SOURCE_SIZE } from '../network/spec.ts';
import { createGenerator, deriveSeed, permute } from '../random/keyed-generator.ts';
import type { TrainingConfig } from './config.ts';
import type { TrainingBatch, TrainingEngine } from './engine.ts';
import { type EpochWatch, watchEpochs } from './schedule.ts';
import { Transcript, type TranscriptEntry, toCanonical } from './transcript.ts';

export type EpochResult = {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  /** NaN without a validation split. */
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  readonly learningRate: number;
};

export type TrainingProgress =
  | {
      readonly type: 'step';
      readonly epoch: number;
      readonly epochs: number;
      readonly step: number;
      readonly steps: number;
      readonly imagesPerSecond: number;
      readonly etaMs: number;
    }
  | ({ readonly type: 'epoch'; readonly epochs: number } & EpochResult);

/** Gray pictures of 2,304 bytes each, and their class indices. */
export type TrainingData = { readonly images: Uint8Array; readonly labels: Uint8Array };

export type LoopRequest = TrainingData & {
  readonly spec: NetworkSpec;
  readonly engine: TrainingEngine;
  readonly config: TrainingConfig;
  /** Train on these rows alone, with no validation, instead of a split of all. */
  readonly rows?: Uint32Array;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
};

export type TrainResult = {
  readonly engine: string;
  readonly history: readonly EpochResult[];
  /** Epoch whose weights these are. */
  readonly weights: readonly Float32Array[];
  readonly bestEpoch: number;
  readonly stoppedEarly: boolean;
  readonly trainRows: Uint32Array;
  readonly validationRows: Uint32Array;
  readonly transcript: { readonly head: string; readonly entries: readonly TranscriptEntry[] };
};

/** Rows for validation and for training: one seeded permutation of the data, cut. */
export function splitRows(
  count: number,
  { seed, validationFraction }: TrainingConfig,
): { train: Uint32Array; validation: Uint32Array } {
  const order = permute(count, createGenerator(seed, 'validation-split'));
  const held = Math.floor(count * validationFraction);
  return { validation: order.slice(0, held), train: order.slice(held) };
}

/** The batch of one step, a function of (seed, epoch, step) alone. */
function planBatch(run: Run, epoch: number, step: number, order: Uint32Array): TrainingBatch {
  const { config, spec } = run.request;
  const indices = order.slice(step * config.batchSize, (step + 1) * config.batchSize);
  const random = createGenerator(config.seed, 'augmentation', epoch, step);
  const { inputSize: size, mean } = spec;
  const views = planViews(indices.length, {
    sourceSize: SOURCE_SIZE,
    size,
    recipe: config.augmentation,
    fill: mean,
    random,
  });
  const partners =
    config.augmentation.mixup > 0 ? mixPartners(order, indices.length, random) : new Uint32Array();
  return {
    indices,
    partners,
    views,
    learningRate: run.watch.rate(epoch * run.steps + step),
    maskSeed: deriveSeed(config.seed, 'dropout', epoch, step),
  };
}

const mixPartners = (order: Uint32Array, count: number, random: { uniform(): number }): Uint32Array =>
  Uint32Array.from({ length: count }, () => order[Math.floor(random.uniform() * order.length)]!);

type Run = {
  readonly request: LoopRequest;
  readonly watch: EpochWatch;
  readonly steps: number;
  readonly transcript: Transcript;
  readonly startedAt: number;
};

function reportStep(run: Run, epoch: number, step: number): void {
  const { steps } = run;
  const { config } = run.request;
  const done = epoch * steps + step + 1;
  const elapsedMs = performance.now() - run.startedAt;
  run.request.onProgress?.({
    type: 'step',
    epoch: epoch + 1,
    epochs: config.epochs,
    step: step + 1,
    steps,
    imagesPerSecond: (done * config.batchSize * 1000) / elapsedMs,
    etaMs: (elapsedMs / done) * (config.epochs * steps - done),
  });
}

async function runEpoch(
  run: Run,
  epoch: number,
  rows: Uint32Array,
): Promise<{ loss: number; accuracy: number }> {
  const { transcript, steps } = run;
  const { config, engine } = run.request;
  const order = permute(rows.length, createGenerator(config.seed, 'order', epoch)).map((i) => rows[i]!);
  const total = { lossSum: 0, correct: 0, count: 0 };
  const collect = async (): Promise<number> => {
    const m = await engine.readMetrics();
    total.lossSum += m.lossSum;
    total.correct += m.correct;
    total.count += m.count;
    return Math.round((1e6 * m.lossSum) / Math.max(1, m.count));
  };
  for (let step = 0; step < steps; step++) {
    run.request.signal?.throwIfAborted();
    const batch = planBatch(run, epoch, step, order);
    transcript.addBatch(batch.indices);
    await engine.step(batch);
    const done = epoch * steps + step + 1;
    if (done % config.transcriptEverySteps === 0) {
      const lossPpm = await collect();
      transcript.addState(done, {
        weights: await engine.readWeights(),
        optimizer: await engine.readOptimizer(),
        lossPpm,
      });
    }
    reportStep(run, epoch, step);
  }
  await collect();
  return { loss: total.lossSum / total.count, accuracy: total.correct / total.count };
}

async function validate(
  engine: TrainingEngine,
  labels: Uint8Array,
  rows: Uint32Array,
  view: Float32Array,
): Promise<{ loss: number; accuracy: number }> {
  if (rows.length === 0) return { loss: Number.NaN, accuracy: Number.NaN };
  const probabilities = await engine.predict(rows, view);
  let loss = 0;
  let correct = 0;
  rows.forEach((row, i) => {
    const p = probabilities.subarray(i * CLASS_COUNT, (i + 1) * CLASS_COUNT);
    loss -= Math.log(Math.max(1e-7, p[labels[row]!]!));
    if (p.indexOf(Math.max(...p)) === labels[row]) correct++;
  });
  return { loss: loss / rows.length, accuracy: correct / rows.length };
}

/** Trains with `engine` and returns the weights that the configuration asks for: best, averaged or last. */
export async function runTraining(request: LoopRequest): Promise<TrainResult> {
  const { spec, engine, config, images, labels } = request;
  const rows = request.rows
    ? { train: request.rows, validation: new Uint32Array() }
    : splitRows(labels.length, config);
  const steps = Math.floor(rows.train.length / config.batchSize);
  const data = createHash('sha256').update(images).update(labels).digest();
  const transcript = new Transcript({
    config: toCanonical(config),
    data,
    weights: await engine.readWeights(),
  });
  const run: Run = {
    request,
    watch: watchEpochs(config, steps),
    steps,
    transcript,
    startedAt: performance.now(),
  };
  const which = config.averageDecay === null ? 'current' : 'averaged';
  const view = centreView(SOURCE_SIZE, spec.inputSize);
  const history: EpochResult[] = [];
  let best: { epoch: number; weights: Float32Array[] } | undefined;
  let stop = false;
  for (let epoch = 0; epoch < config.epochs && !stop; epoch++) {
    const learningRate = run.watch.rate(epoch * steps);
    const trained = await runEpoch(run, epoch, rows.train);
    engine.useWeights(which);
    const { loss: validationLoss, accuracy: validationAccuracy } = await validate(
      engine,
      labels,
      rows.validation,
      view,
    );
    const result = { epoch: epoch + 1, ...trained, validationLoss, validationAccuracy, learningRate };
    history.push(result);
    request.onProgress?.({ type: 'epoch', epochs: config.epochs, ...result });
    const verdict =
      rows.validation.length > 0 ? run.watch.see(validationLoss) : { isBest: true, stop: false };
    stop = verdict.stop;
    const isLast = epoch + 1 === config.epochs;
    if (config.earlyStopping ? verdict.isBest : isLast)
      best = { epoch: epoch + 1, weights: await engine.readWeights(which) };
  }
  if (!best) throw new Error('training ended without weights');
  const final = { weights: best.weights, optimizer: await engine.readOptimizer(), lossPpm: 0 };
  transcript.addState(history.length * steps, final);
  return {
    engine: engine.name,
    history,
    bestEpoch: best.epoch,
    weights: best.weights,
    stoppedEarly: stop,
    trainRows: rows.train,
    validationRows: rows.validation,
    transcript: { head: transcript.head, entries: transcript.entries },
  };
}
