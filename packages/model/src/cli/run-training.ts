import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chooseBackend } from '../backend/choose-backend.ts';
import { describeDataset } from '../data/dataset.ts';
import { selectRows } from '../data/face-set.ts';
import { loadFaces } from '../data/load-faces.ts';
import { ModelError } from '../errors.ts';
import { formatEvaluation } from '../evaluation/format-text.ts';
import { reportToMlflow } from '../runs/mlflow.ts';
import { currentCommit, RunFolder } from '../runs/run-folder.ts';
import { RunLock } from '../runs/run-lock.ts';
import { loadState, storeState } from '../runs/state-store.ts';
import type { Rest } from '../training/loop.ts';
import { fitConfig, type TrainingProgress, type TrainResult, train } from '../training/train.ts';
import { encodeTranscript } from '../training/transcript.ts';
import { bundleRun, type PreparedRun, readKey } from './bundle-run.ts';
import type { CommandContext } from './context.ts';
import { describeSource } from './dataset-flags.ts';
import { startProgress } from './progress.ts';
import { pickRows, prepareNetwork, type RunSettings, settingsOf } from './run-settings.ts';
import { prepareTeachers } from './teachers.ts';
import type { TrainFlags } from './train-flags.ts';

const announce =
  (context: CommandContext, progress: ReturnType<typeof startProgress>) => (event: TrainingProgress) => {
    if (event.type === 'step') {
      const note = `epoch ${event.epoch}/${event.epochs} · ${event.imagesPerSecond.toFixed(0)} pictures/s`;
      progress.update((event.epoch - 1) * event.steps + event.step, event.epochs * event.steps, note);
      return;
    }
    const held = Number.isNaN(event.validationLoss)
      ? ''
      : `, validation ${event.validationLoss.toFixed(4)} / ${(100 * event.validationAccuracy).toFixed(1)} %`;
    const robust =
      event.robustAccuracy === undefined ? '' : `, under PGD-10 ${(100 * event.robustAccuracy).toFixed(1)} %`;
    progress.pause(() =>
      context.stderr.write(
        `epoch ${event.epoch}/${event.epochs}: loss ${event.loss.toFixed(4)}, accuracy ${(100 * event.accuracy).toFixed(1)} %${held}${robust}\n`,
      ),
    );
  };

/** Before hours of training, not after them. */
const checkTarget = (folder: string): void => {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'manifest.json'))) {
    throw new ModelError('bundle-exists', { path: folder });
  }
  mkdirSync(dirname(folder), { recursive: true });
  accessSync(dirname(folder), constants.W_OK);
};

/** What the run folder says of a run; a run that goes on must say the same. */
type Terms = { readonly datasetRoot: string; readonly backend: string; readonly config: RunSettings };

/** One by one, so that a refusal names the one that differs. Where teachers lie may change: what they are is in `training`. */
const fieldsOf = ({ datasetRoot, backend, config }: Terms): Record<string, unknown> => {
  const { training, network, teachers: _, ...rest } = config;
  return { datasetRoot, backend, ...rest, 'network name': network.name, ...training, network };
};

const folderOf = ({ resume, run, out }: TrainFlags): string => resume ?? run ?? `${out}.run`;

const openFolder = (flags: TrainFlags, terms: Terms, network: string): RunFolder => {
  if (flags.resume === undefined) {
    const startedAt = new Date().toISOString();
    return RunFolder.create(folderOf(flags), {
      id: `${network}-${startedAt.replace(/\D/g, '').slice(0, 14)}`,
      startedAt,
      seed: flags.seed,
      commit: currentCommit(),
      ...terms,
    });
  }
  const folder = RunFolder.open(flags.resume);
  const before = fieldsOf(folder.config as unknown as Terms);
  for (const [field, value] of Object.entries(fieldsOf(terms))) {
    const [expected, seen] = [JSON.stringify(before[field]), JSON.stringify(value)];
    if (expected !== seen)
      throw new ModelError('resume-mismatch', { path: flags.resume, field, expected, seen });
  }
  return folder;
};

/** Stores the run's state at its rests: every `saveEvery` seconds, or at each one where all states are kept. */
const stateKeeper = (folder: RunFolder, { keepStates, saveEvery }: TrainFlags) => {
  let savedAt = performance.now();
  return async ({ takeState }: Rest): Promise<void> => {
    if (!keepStates && performance.now() - savedAt < 1000 * saveEvery) return;
    storeState(folder.states, await takeState(), keepStates ? Number.MAX_SAFE_INTEGER : 1);
    savedAt = performance.now();
  };
};

const trainPrepared = async (prepared: PreparedRun, context: CommandContext): Promise<TrainResult> => {
  const { flags, settings, set, rows, network, teachers, folder } = prepared;
  const part = selectRows(set, rows);
  const resume = flags.resume === undefined ? undefined : loadState(folder.states);
  if (flags.resume !== undefined) {
    folder.keepEpochs(resume?.history.length ?? 0);
    context.stderr.write(`going on after ${resume?.engine.steps ?? 0} steps\n`);
  }
  const progress = startProgress(context, 'train');
  const onProgress = announce(context, progress);
  try {
    return await train({
      network,
      teachers: teachers.map((teacher) => teacher.network),
      images: part.pixels,
      labels: part.labels,
      config: settings.training,
      signal: context.signal,
      ...(resume ? { resume } : {}),
      onRest: stateKeeper(folder, flags),
      onProgress: (event) => {
        onProgress(event);
        if (event.type === 'epoch') {
          const { type: _, epochs: __, ...metrics } = event;
          folder.addEpoch(metrics);
        }
      },
    });
  } finally {
    progress.stop();
  }
};

/** All that can refuse a run, before anything is written. */
const prepareRun = async (
  flags: TrainFlags,
  context: CommandContext,
): Promise<Omit<PreparedRun, 'folder'>> => {
  const wanted = settingsOf(flags);
  const set = await loadFaces(flags.data);
  const rows = pickRows(set, wanted.limit, wanted.training.seed);
  const settings = { ...wanted, training: fitConfig(wanted.training, rows.length) };
  const backend = await chooseBackend({
    ...(flags.backend ? { only: flags.backend } : {}),
    print: (line) => context.stderr.write(`${line}\n`),
  });
  const network = prepareNetwork(settings);
  const teachers = prepareTeachers(settings);
  const dataset = describeSource(set, flags);
  return { flags, settings, set, rows, dataset, backend, network, teachers };
};

const trainInFolder = async (ready: Omit<PreparedRun, 'folder'>, context: CommandContext): Promise<void> => {
  const { flags, settings, set, rows, dataset, backend, network } = ready;
  const folder = openFolder(
    flags,
    {
      datasetRoot: describeDataset(set, { ...dataset, selection: rows }).root,
      backend: `${backend.name}: ${backend.detail}`,
      config: settings,
    },
    network.spec.name,
  );
  const prepared = { ...ready, folder };
  const result = await trainPrepared(prepared, context);
  const { modelVersion, evaluation, card } = await bundleRun(prepared, result);
  const { history, transcript } = result;
  const files = await folder.finish({
    history,
    evaluation,
    card,
    transcript: encodeTranscript(transcript.file),
  });
  context.stdout.write(
    `${evaluation ? formatEvaluation(evaluation) : ''}bundle ${flags.out}, model version ${modelVersion}\n`,
  );
  context.stderr.write(`run folder ${folder.path}: config.json, metrics.jsonl, ${files.join(', ')}\n`);
  if (flags.mlflow) await reportToMlflow(flags.mlflow, folder.path, { modelVersion });
};

/** The whole of `testigo-model train`: from a file of faces to a measured bundle and a run folder. */
export const runTraining = async (flags: TrainFlags, context: CommandContext): Promise<void> => {
  checkTarget(flags.out);
  readKey(flags.custodianKey); // before hours of training, not after them
  if (flags.resume !== undefined) RunFolder.open(flags.resume); // before the data is read, and before the lock makes the folder
  const ready = await prepareRun(flags, context);
  const lock = RunLock.take(folderOf(flags));
  try {
    await trainInFolder(ready, context);
  } finally {
    lock.release();
  }
};
