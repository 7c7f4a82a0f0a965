import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChosenBackend, chooseBackend } from '../backend/choose-backend.ts';
import { type FinishedBundle, finishBundle } from '../bundle/finish-bundle.ts';
import { fromTfjs } from '../bundle/from-tfjs.ts';
import { prefixesOf, prefixOf } from '../data/copies.ts';
import { type DatasetOptions, describeDataset } from '../data/dataset.ts';
import { type FaceSet, pixelsOf, rowsOfSplit, selectRows } from '../data/face-set.ts';
import { loadFaces } from '../data/load-faces.ts';
import { ModelError } from '../errors.ts';
import { formatEvaluation } from '../evaluation/format-text.ts';
import type { FerNetwork } from '../network/build.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import { reportToMlflow } from '../runs/mlflow.ts';
import { currentCommit, RunFolder } from '../runs/run-folder.ts';
import { loadState, storeState } from '../runs/state-store.ts';
import type { Rest } from '../training/loop.ts';
import { fitConfig, type TrainingProgress, type TrainResult, train } from '../training/train.ts';
import { encodeTranscript, toCanonical } from '../training/transcript.ts';
import type { CommandContext } from './context.ts';
import { startProgress } from './progress.ts';
import { pickRows, prepareNetwork, type RunSettings, settingsOf } from './run-settings.ts';
import type { TrainFlags } from './train-flags.ts';

const FER_COLLECTED_AT = 1_365_724_800; // 2013-04-12, the challenge's release

const readKey = (path: string | undefined): Uint8Array | undefined => {
  if (path === undefined) return undefined;
  if (!existsSync(path)) throw new ModelError('data-not-found', { path });
  const text = readFileSync(path, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new ModelError('option-invalid', {
      option: 'custodian-key',
      seen: `${path} does not hold 64 hex digits`,
    });
  return new Uint8Array(Buffer.from(text, 'hex'));
};

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

/** Held-out rows without a pixel copy among the trained ones: calibrating on those would flatter. */
const freshRows = (set: FaceSet, trained: readonly number[], held: readonly number[]): number[] => {
  const known = prefixesOf(set, trained);
  return held.filter((row) => !known.has(prefixOf(pixelsOf(set, row))));
};

const checkTarget = (folder: string): void => {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'manifest.json'))) {
    throw new ModelError('bundle-exists', { path: folder });
  }
};

/** What the run folder says of a run; a run that goes on must say the same. */
type Terms = { readonly datasetRoot: string; readonly backend: string; readonly config: RunSettings };

const openFolder = (flags: TrainFlags, terms: Terms, network: string): RunFolder => {
  if (flags.resume === undefined) {
    const startedAt = new Date().toISOString();
    return RunFolder.create(flags.run ?? `${flags.out}.run`, {
      id: `${network}-${startedAt.replace(/\D/g, '').slice(0, 14)}`,
      startedAt,
      seed: flags.seed,
      commit: currentCommit(),
      ...terms,
    });
  }
  const folder = RunFolder.open(flags.resume);
  const before: Record<string, unknown> = { ...folder.config, ...folder.config.config };
  for (const [field, value] of Object.entries({ ...terms, ...terms.config })) {
    const [expected, seen] = [JSON.stringify(before[field]), JSON.stringify(value)];
    if (expected !== seen && field !== 'config')
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

type Prepared = {
  readonly flags: TrainFlags;
  readonly settings: RunSettings;
  readonly set: FaceSet;
  readonly rows: readonly number[];
  readonly dataset: Omit<DatasetOptions, 'selection'>;
  readonly backend: ChosenBackend;
  readonly network: FerNetwork;
  readonly folder: RunFolder;
};

const trainPrepared = async (prepared: Prepared, context: CommandContext): Promise<TrainResult> => {
  const { flags, settings, set, rows, network, folder } = prepared;
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

const bundleOf = async (
  { flags, settings, set, rows, dataset, backend, network, folder }: Prepared,
  result: TrainResult,
): Promise<FinishedBundle> => {
  const custodianSecretKey = readKey(flags.custodianKey);
  const trainRows = [...result.trainRows].map((at) => rows[at]!);
  const held = [...result.validationRows].map((at) => rows[at]!);
  const publicTest = rowsOfSplit(set, 'PublicTest');
  const { spec, model } = network;
  return finishBundle({
    folder: flags.out,
    name: `fer-${spec.name}`,
    architecture: spec.name,
    network: await fromTfjs(model),
    networkSpec: spec,
    input: { size: spec.inputSize, mean: spec.mean, std: spec.std },
    precision: settings.precision,
    set,
    dataset,
    trainRows,
    calibration: { rows: freshRows(set, trainRows, held) },
    test:
      publicTest.length > 0
        ? { rows: publicTest, name: 'PublicTest' }
        : held.length > 0
          ? { rows: held, name: 'validation' }
          : null,
    training: {
      config: toCanonical({ network: spec, training: result.config }),
      seed: createGenerator(flags.seed).word(),
      epochs: result.history.length,
      backend: backend.name,
      transcript: result.transcript.head,
      trainedAt: Math.floor(Date.parse(folder.config.startedAt) / 1000),
    },
    transcript: encodeTranscript(result.transcript.file),
    ...(custodianSecretKey ? { custodianSecretKey } : {}),
    facts: {
      summary: flags.from
        ? 'An expression classifier fine-tuned from another bundle.'
        : 'An expression classifier trained with `testigo-model train`.',
      training: `Network "${spec.name}", ${result.history.length} epochs (best: ${result.bestEpoch}) on ${result.engine}, seed "${flags.seed}"; ${trainRows.length} pictures trained, ${held.length} held out for choosing the epoch.`,
      ...(held.length > 0
        ? { calibration: 'fitted on the held-out part, copies of trained pictures left out.' }
        : {}),
    },
  });
};

/** The whole of `testigo-model train`: from a file of faces to a measured bundle and a run folder. */
export const runTraining = async (flags: TrainFlags, context: CommandContext): Promise<void> => {
  checkTarget(flags.out);
  readKey(flags.custodianKey); // before hours of training, not after them
  const wanted = settingsOf(flags);
  const set = await loadFaces(flags.data);
  const rows = pickRows(set, wanted.limit, wanted.training.seed);
  const settings = { ...wanted, training: fitConfig(wanted.training, rows.length) };
  const backend = await chooseBackend({
    ...(flags.backend ? { only: flags.backend } : {}),
    print: (line) => context.stderr.write(`${line}\n`),
  });
  const network = prepareNetwork(settings);
  const dataset = {
    name: flags.datasetName,
    licence: flags.licence,
    sources: [flags.datasetName],
    collectedAt: FER_COLLECTED_AT,
  };
  const folder = openFolder(
    flags,
    {
      datasetRoot: describeDataset(set, { ...dataset, selection: rows }).root,
      backend: `${backend.name}: ${backend.detail}`,
      config: settings,
    },
    network.spec.name,
  );
  const prepared = { flags, settings, set, rows, dataset, backend, network, folder };
  const result = await trainPrepared(prepared, context);
  const { modelVersion, evaluation, card } = await bundleOf(prepared, result);
  const { history, transcript } = result;
  const files = await folder.finish({
    history,
    evaluation,
    card,
    transcript: encodeTranscript(transcript.file),
  });
  if (flags.mlflow) await reportToMlflow(flags.mlflow, folder.path, { modelVersion });
  context.stdout.write(
    `${evaluation ? formatEvaluation(evaluation) : ''}bundle ${flags.out}, model version ${modelVersion}\n`,
  );
  context.stderr.write(`run folder ${folder.path}: config.json, metrics.jsonl, ${files.join(', ')}\n`);
};
