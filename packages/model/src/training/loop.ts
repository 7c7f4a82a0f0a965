import { setImmediate } from 'node:timers/promises';
import { centreView } from '../augment/view.ts';
import { ModelError } from '../errors.ts';
import { CLASS_COUNT, type NetworkSpec, SOURCE_SIZE } from '../network/spec.ts';
import type { TrainingConfig } from './config.ts';
import { type Metrics, type TrainingEngine, TrainingFault } from './engine.ts';
import { planBatch, planIndices, planOrder, type RowSplit, splitRows } from './plan.ts';
import type { EpochResult, TrainingProgress } from './progress.ts';
import { measureRobust } from './robust-guard.ts';
import { type EpochWatch, watchEpochs } from './schedule.ts';
import type { BestWeights, TrainingState } from './state.ts';
import { hashConfig, hashData, hashTensors, Transcript, type TranscriptFile } from './transcript.ts';

/** Gray pictures of 2,304 bytes each, and their class indices. */
export type TrainingData = { readonly images: Uint8Array; readonly labels: Uint8Array };

/** A moment at which a run can be stored: after a transcript entry, or after an epoch. */
export type Rest = { readonly kind: 'entry' | 'epoch'; takeState(): Promise<TrainingState> };

export type LoopRequest = TrainingData & {
  readonly spec: NetworkSpec;
  readonly engine: TrainingEngine;
  readonly config: TrainingConfig;
  /** Train on these rows alone, with no validation, instead of a split of all. */
  readonly rows?: Uint32Array;
  /** Go on from here: the engine must be fresh, configuration and data those of the stored run. */
  readonly resume?: TrainingState;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly onRest?: (rest: Rest) => Promise<void>;
  readonly signal?: AbortSignal;
};

export type TrainResult = {
  readonly engine: string;
  readonly config: TrainingConfig;
  readonly history: readonly EpochResult[];
  /** Epoch whose weights these are. */
  readonly weights: readonly Float32Array[];
  readonly bestEpoch: number;
  readonly stoppedEarly: boolean;
  readonly trainRows: Uint32Array;
  readonly validationRows: Uint32Array;
  readonly transcript: { readonly head: string; readonly file: TranscriptFile };
};

/** A run under way. */
export type Run = {
  readonly request: LoopRequest;
  readonly rows: RowSplit;
  /** An epoch. */
  readonly steps: number;
  readonly watch: EpochWatch;
  readonly transcript: Transcript;
  readonly view: Float32Array;
  readonly startedAt: number;
  readonly startedStep: number;
  readonly history: EpochResult[];
  /** Steps done. */
  step: number;
  totals: Metrics;
  best: BestWeights | null;
  isStopped: boolean;
};

const NOTHING: Metrics = { lossSum: 0, correct: 0, count: 0 };

/** Makes ready a run from the beginning, or from where a stored one was. */
export async function beginRun(request: LoopRequest): Promise<Run> {
  const { spec, engine, config, images, labels, resume } = request;
  const rows = request.rows
    ? { train: request.rows, validation: new Uint32Array() }
    : splitRows(labels.length, config);
  const steps = Math.floor(rows.train.length / config.batchSize);
  const given = { config: hashConfig(spec, config), data: hashData(images, labels) };
  if (resume) await resumeEngine(engine, resume, given);
  const start = { ...given, weights: resume?.transcript.weights ?? hashTensors(await engine.readWeights()) };
  const run: Run = {
    ...{ request, rows, steps },
    watch: watchEpochs(config, steps, resume?.watch),
    transcript: new Transcript(start, resume?.transcript.entries),
    view: centreView(SOURCE_SIZE, spec.inputSize),
    startedAt: performance.now(),
    startedStep: resume?.engine.steps ?? 0,
    history: [...(resume?.history ?? [])],
    step: resume?.engine.steps ?? 0,
    totals: resume?.totals ?? NOTHING,
    best: resume?.best ?? null,
    isStopped: resume?.isStopped ?? false,
  };
  rebindBatches(run);
  return run;
}

/** @throws ModelError resume-mismatch where the stored run was another */
async function resumeEngine(
  engine: TrainingEngine,
  { engine: state, transcript }: TrainingState,
  given: { readonly config: string; readonly data: string },
): Promise<void> {
  for (const field of ['config', 'data'] as const) {
    if (transcript[field] === given[field]) continue;
    const [expected, seen] = [transcript[field], given[field]];
    throw new ModelError('resume-mismatch', { path: 'state', field: `SHA-256 of ${field}`, expected, seen });
  }
  await engine.restore(state);
}

/** Binds anew the batches since the last entry: they follow from the configuration. */
function rebindBatches({ transcript, step: done, steps, request: { config }, rows }: Run): void {
  for (let step = transcript.entries.at(-1)?.step ?? 0; step < done; step++) {
    const order = planOrder(rows.train, config.seed, Math.floor(step / steps));
    transcript.addBatch(planIndices(order, step % steps, config.batchSize));
  }
}

async function takeState(run: Run): Promise<TrainingState> {
  const { engine, config } = run.request;
  return {
    engine: {
      steps: run.step,
      weights: await engine.readWeights(),
      average: config.averageDecay === null ? null : await engine.readWeights('averaged'),
      optimizer: await engine.readOptimizer(),
    },
    watch: run.watch.state,
    best: run.best,
    isStopped: run.isStopped,
    history: [...run.history],
    totals: run.totals,
    transcript: run.transcript.toFile(),
  };
}

function reportStep(run: Run, epoch: number, step: number): void {
  const { steps } = run;
  const { config } = run.request;
  const done = run.step - run.startedStep;
  const elapsedMs = performance.now() - run.startedAt;
  run.request.onProgress?.({
    type: 'step',
    epoch: epoch + 1,
    epochs: config.epochs,
    step: step + 1,
    steps,
    imagesPerSecond: (done * config.batchSize * 1000) / elapsedMs,
    etaMs: (elapsedMs / done) * (config.epochs * steps - run.step),
  });
}

/** Adds what the engine counted to the epoch's sums; returns the mean loss of that part in millionths. */
async function collect(run: Run): Promise<number> {
  const m = await run.request.engine.readMetrics();
  const { lossSum, correct, count } = run.totals;
  run.totals = { lossSum: lossSum + m.lossSum, correct: correct + m.correct, count: count + m.count };
  return Math.round((1e6 * m.lossSum) / Math.max(1, m.count));
}

/** The steps of the epoch under way that are still to do. */
async function* runSteps(run: Run): AsyncGenerator<Rest> {
  const { transcript, steps } = run;
  const { config, engine, spec, signal } = run.request;
  const epoch = run.history.length;
  const order = planOrder(run.rows.train, config.seed, epoch);
  for (let step = run.step - epoch * steps; step < steps; step++) {
    await setImmediate(); // where a backend computes in one go, nothing else would be heard for a whole epoch
    signal?.throwIfAborted();
    const batch = planBatch(config, spec, { epoch, step, order, learningRate: run.watch.rate(run.step) });
    transcript.addBatch(batch.indices);
    await engine.step(batch);
    run.step++;
    reportStep(run, epoch, step);
    if (run.step % config.transcriptEverySteps !== 0) continue;
    const lossPpm = await collect(run);
    const [weights, optimizer] = [await engine.readWeights(), await engine.readOptimizer()];
    transcript.addState(run.step, { weights, optimizer, lossPpm });
    // At the end of an epoch the rest after its validation is the one to store.
    if (step + 1 < steps) yield { kind: 'entry', takeState: () => takeState(run) };
  }
  await collect(run);
}

async function validate({ request: { engine, labels }, rows: { validation }, view }: Run) {
  if (validation.length === 0) return { validationLoss: Number.NaN, validationAccuracy: Number.NaN };
  const probabilities = await engine.predict(validation, view);
  let loss = 0;
  let correct = 0;
  validation.forEach((row, i) => {
    const p = probabilities.subarray(i * CLASS_COUNT, (i + 1) * CLASS_COUNT);
    loss -= Math.log(Math.max(1e-7, p[labels[row]!]!));
    if (p.indexOf(Math.max(...p)) === labels[row]) correct++;
  });
  return { validationLoss: loss / validation.length, validationAccuracy: correct / validation.length };
}

/** What the end of an epoch says: figures, whether its weights are worth keeping, whether to stop. */
async function endEpoch(run: Run, learningRate: number): Promise<void> {
  const { engine, config, labels, onProgress } = run.request;
  const { rows, view } = run;
  const which = config.averageDecay === null ? 'current' : 'averaged';
  engine.useWeights(which);
  const { lossSum, correct, count } = run.totals;
  run.totals = NOTHING;
  const epoch = run.history.length + 1;
  const held = await validate(run);
  if (rows.validation.length > 0 && !Number.isFinite(held.validationLoss))
    throw new TrainingFault(`the validation loss is ${held.validationLoss}`);
  const robust = config.adversarial
    ? await measureRobust(engine, labels, {
        rows: rows.validation.length > 0 ? rows.validation : rows.train,
        view,
        epsilon: config.adversarial.epsilon,
      })
    : undefined;
  const result: EpochResult = {
    ...{ epoch, loss: lossSum / count, accuracy: correct / count, ...held, learningRate },
    ...(robust === undefined ? {} : { robustAccuracy: robust }),
  };
  run.history.push(result);
  onProgress?.({ type: 'epoch', epochs: config.epochs, ...result });
  const seen =
    rows.validation.length > 0 ? run.watch.see(held.validationLoss) : { isBest: true, stop: false };
  const attacked = robust === undefined ? undefined : run.watch.seeRobust(robust);
  run.isStopped = seen.stop || attacked?.stop === true;
  const isLast = epoch === config.epochs && !run.isStopped;
  const isKept = attacked ? attacked.isBest || isLast : config.earlyStopping ? seen.isBest : isLast;
  if (isKept) run.best = { epoch, weights: await engine.readWeights(which) };
}

/** Runs to the end, resting where the run can be stored; a caller who leaves early leaves the run there. */
export async function* advance(run: Run): AsyncGenerator<Rest> {
  const { config } = run.request;
  while (run.history.length < config.epochs && !run.isStopped) {
    const learningRate = run.watch.rate(run.history.length * run.steps);
    yield* runSteps(run);
    await endEpoch(run, learningRate);
    yield { kind: 'epoch', takeState: () => takeState(run) };
  }
}

/** The result of a run that has come to its end, and the last entry of its transcript. */
export async function finishRun(run: Run): Promise<TrainResult> {
  const { engine, config } = run.request;
  const { best, transcript, rows } = run;
  if (!best) throw new Error('training ended without weights');
  const optimizer = await engine.readOptimizer();
  transcript.addState(run.step, { weights: best.weights, optimizer, lossPpm: 0 });
  return {
    ...{ engine: engine.name, config, history: run.history },
    ...{ bestEpoch: best.epoch, weights: best.weights, stoppedEarly: run.isStopped },
    ...{ trainRows: rows.train, validationRows: rows.validation },
    transcript: { head: transcript.head, file: transcript.toFile() },
  };
}

/** @throws ModelError training-diverged, with the place, where the arithmetic went wrong */
async function advanceToEnd(run: Run): Promise<void> {
  try {
    for await (const rest of advance(run)) await run.request.onRest?.(rest);
  } catch (cause) {
    if (!(cause instanceof TrainingFault)) throw cause;
    const epoch = run.history.length + 1;
    // what only the epoch's end finds out is said of its last step
    const step = Math.min(run.steps, run.step - run.history.length * run.steps + 1);
    throw new ModelError('training-diverged', { epoch, step, seen: cause.message }, { cause });
  }
}

/** Trains with `engine` and returns the weights that the configuration asks for: best, averaged or last. */
export async function runTraining(request: LoopRequest): Promise<TrainResult> {
  const run = await beginRun(request);
  await advanceToEnd(run);
  return finishRun(run);
}
