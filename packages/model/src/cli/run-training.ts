import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBackend } from '../backend/choose-backend.ts';
import { finishBundle } from '../bundle/finish-bundle.ts';
import { fromTfjs } from '../bundle/from-tfjs.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import { prefixesOf, prefixOf } from '../data/copies.ts';
import { describeDataset } from '../data/dataset.ts';
import { type FaceSet, pixelsOf, rowsOfSplit, selectRows } from '../data/face-set.ts';
import { loadFaces } from '../data/load-faces.ts';
import { ModelError } from '../errors.ts';
import { formatEvaluation } from '../evaluation/format-text.ts';
import { UNLABELLED } from '../labels.ts';
import { buildNetwork, type FerNetwork } from '../network/build.ts';
import { compactNetwork, MISSION_NETWORK } from '../network/spec.ts';
import { createGenerator, permute } from '../random/keyed-generator.ts';
import { reportToMlflow } from '../runs/mlflow.ts';
import { currentCommit, RunFolder } from '../runs/run-folder.ts';
import { COMPACT_TRAINING, MISSION_TRAINING, type TrainingConfig } from '../training/config.ts';
import { type TrainingProgress, type TrainResult, train } from '../training/train.ts';
import { toCanonical } from '../training/transcript.ts';
import type { CommandContext } from './context.ts';
import { freezeLayers, loadNetwork } from './fine-tune.ts';
import { startProgress } from './progress.ts';
import type { TrainFlags } from './train-flags.ts';

const FER_COLLECTED_AT = 1_365_724_800; // 2013-04-12, the challenge's release

const configOf = (flags: TrainFlags): TrainingConfig => {
  const recipe = flags.network === 'mission' ? MISSION_TRAINING : COMPACT_TRAINING;
  return {
    ...recipe,
    seed: flags.seed,
    epochs: flags.epochs ?? recipe.epochs,
    batchSize: flags.batch ?? recipe.batchSize,
    learningRate: flags.learningRate ?? (flags.from ? recipe.learningRate / 10 : recipe.learningRate),
    validationFraction: flags.validation ?? 0.2,
  };
};

/** Training rows in file order, or a seeded random subset of them. */
const pickRows = (set: FaceSet, { limit, seed }: TrainFlags): number[] => {
  const rows = rowsOfSplit(set, 'Training');
  if (rows.length === 0)
    throw new ModelError('split-missing', { path: set.source, split: 'Training', seen: 'other splits only' });
  if (rows.some((row) => set.labels[row] === UNLABELLED))
    throw new ModelError('labels-missing', { path: set.source, need: 'training' });
  if (!limit || limit >= rows.length) return rows;
  return [...permute(rows.length, createGenerator(seed, 'subset')).slice(0, limit)]
    .map((at) => rows[at]!)
    .sort((a, b) => a - b);
};

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

const prepareNetwork = (flags: TrainFlags): FerNetwork => {
  if (!flags.from)
    return buildNetwork(flags.network === 'mission' ? MISSION_NETWORK : compactNetwork(), flags.seed);
  const network = loadNetwork(readBundle(flags.from));
  freezeLayers(network, flags.freeze);
  return network;
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
    progress.pause(() =>
      context.stderr.write(
        `epoch ${event.epoch}/${event.epochs}: loss ${event.loss.toFixed(4)}, accuracy ${(100 * event.accuracy).toFixed(1)} %${held}\n`,
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

/** The whole of `testigo-model train`: from a file of faces to a measured bundle and a run folder. */
export const runTraining = async (flags: TrainFlags, context: CommandContext): Promise<void> => {
  checkTarget(flags.out);
  const custodianSecretKey = readKey(flags.custodianKey);
  const config = configOf(flags);
  const set = await loadFaces(flags.data);
  const rows = pickRows(set, flags);
  const backend = await chooseBackend({
    ...(flags.backend ? { only: flags.backend } : {}),
    print: (line) => context.stderr.write(`${line}\n`),
  });
  const network = prepareNetwork(flags);
  const dataset = {
    name: flags.datasetName,
    licence: flags.licence,
    sources: [flags.datasetName],
    collectedAt: FER_COLLECTED_AT,
  };
  const root = describeDataset(set, { ...dataset, selection: rows }).root;
  const startedAt = new Date();
  const folder = new RunFolder(flags.run ?? `${flags.out}.run`, {
    id: `${network.spec.name}-${startedAt.toISOString().replace(/\D/g, '').slice(0, 14)}`,
    startedAt: startedAt.toISOString(),
    seed: flags.seed,
    commit: currentCommit(),
    datasetRoot: root,
    backend: `${backend.name}: ${backend.detail}`,
    config: {
      network: network.spec,
      training: config,
      from: flags.from ?? null,
      freeze: flags.freeze ?? null,
    },
  });
  const part = selectRows(set, rows);
  const progress = startProgress(context, 'train');
  const onProgress = announce(context, progress);
  let result: TrainResult;
  try {
    result = await train({
      network,
      images: part.pixels,
      labels: part.labels,
      config,
      signal: context.signal,
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
  const trainRows = [...result.trainRows].map((at) => rows[at]!);
  const held = [...result.validationRows].map((at) => rows[at]!);
  const publicTest = rowsOfSplit(set, 'PublicTest');
  const { modelVersion, evaluation, card } = await finishBundle({
    folder: flags.out,
    name: `fer-${network.spec.name}`,
    architecture: network.spec.name,
    network: await fromTfjs(network.model),
    networkSpec: network.spec,
    input: { size: network.spec.inputSize, mean: network.spec.mean, std: network.spec.std },
    precision: flags.precision,
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
      config: toCanonical({ network: network.spec, training: config }),
      seed: createGenerator(flags.seed).word(),
      epochs: result.history.length,
      backend: backend.name,
      transcript: result.transcript.head,
      trainedAt: Math.floor(startedAt.getTime() / 1000),
    },
    ...(custodianSecretKey ? { custodianSecretKey } : {}),
    facts: {
      summary: flags.from
        ? 'An expression classifier fine-tuned from another bundle.'
        : 'An expression classifier trained with `testigo-model train`.',
      training: `Network "${network.spec.name}", ${result.history.length} epochs (best: ${result.bestEpoch}) on ${result.engine}, seed "${flags.seed}"; ${trainRows.length} pictures trained, ${held.length} held out for choosing the epoch.`,
      ...(held.length > 0
        ? { calibration: 'fitted on the held-out part, copies of trained pictures left out.' }
        : {}),
    },
  });
  const files = await folder.finish({ history: result.history, evaluation, card });
  if (flags.mlflow) await reportToMlflow(flags.mlflow, folder.path, { modelVersion });
  context.stdout.write(
    `${evaluation ? formatEvaluation(evaluation) : ''}bundle ${flags.out}, model version ${modelVersion}\n`,
  );
  context.stderr.write(`run folder ${folder.path}: config.json, metrics.jsonl, ${files.join(', ')}\n`);
};
