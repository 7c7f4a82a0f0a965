import { existsSync, readFileSync } from 'node:fs';
import type { ChosenBackend } from '../backend/choose-backend.ts';
import { calibrationOf } from '../bundle/calibrated.ts';
import { type FinishedBundle, finishBundle } from '../bundle/finish-bundle.ts';
import { fromTfjs } from '../bundle/from-tfjs.ts';
import { knownTraining } from '../bundle/known-training.ts';
import { type BundleContents, readBundle } from '../bundle/read-bundle.ts';
import { prefixesOf, prefixOf } from '../data/copies.ts';
import type { DatasetOptions } from '../data/dataset.ts';
import { type FaceSet, pixelsOf, rowsOfSplit } from '../data/face-set.ts';
import { ModelError } from '../errors.ts';
import type { FerNetwork } from '../network/build.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import type { TrainingConfig } from '../training/config.ts';
import type { TrainResult } from '../training/train.ts';
import { encodeTranscript, toCanonical } from '../training/transcript.ts';
import type { RunSettings } from './run-settings.ts';
import type { Teacher } from './teachers.ts';
import type { TrainFlags } from './train-flags.ts';

/** A run that can begin. */
export type PreparedRun = {
  readonly flags: TrainFlags;
  readonly settings: RunSettings;
  readonly set: FaceSet;
  readonly rows: readonly number[];
  readonly dataset: Omit<DatasetOptions, 'selection'>;
  readonly backend: ChosenBackend;
  readonly network: FerNetwork;
  readonly teachers: readonly Teacher[];
  readonly folder: RunFolder;
};

/** The custodian's Ed25519 secret key. @throws ModelError data-not-found, option-invalid */
export const readKey = (path: string | undefined): Uint8Array | undefined => {
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

/** Held-out rows without a pixel copy among the trained ones: calibrating on those would flatter. */
const freshRows = (
  set: FaceSet,
  { trained, held, before }: { trained: readonly number[]; held: readonly number[]; before: Set<string> },
): number[] => {
  const known = new Set([...prefixesOf(set, trained), ...before]);
  return held.filter((row) => !known.has(prefixOf(pixelsOf(set, row))));
};

/** What smoothing is in the targets: its own in the labels' share, its teachers' in theirs. */
const smoothingOf = (
  { labelSmoothing, distillation }: TrainingConfig,
  teachers: readonly Teacher[],
): number => {
  if (!distillation) return labelSmoothing;
  const taught = teachers.map(({ contents }) => calibrationOf(contents.manifest).labelSmoothing);
  const mean = taught.reduce((sum, s) => sum + s, 0) / taught.length;
  return (1 - distillation.share) * labelSmoothing + distillation.share * mean;
};

const sayBase = (base: BundleContents | null, freeze: string | undefined): string => {
  if (!base) return '';
  const frozen =
    freeze === undefined
      ? ''
      : freeze === 'features'
        ? ', all but its last layer frozen'
        : `, its first ${freeze} layers with weights frozen`;
  return ` It began from the weights of model version \`${base.modelVersion}\`${frozen}; what that one was trained on, its own card says.`;
};

const sayTeachers = ({ training: { distillation } }: RunSettings, teachers: readonly Teacher[]): string => {
  if (!distillation) return '';
  const versions = teachers.map(({ contents }) => `\`${contents.modelVersion}\``).join(', ');
  const share = `${Math.round(100 * distillation.share)} %`;
  return ` ${share} of its targets were the mean reading of the same views by ${teachers.length === 1 ? 'the model' : 'the models'} of version ${versions}.`;
};

/** From a run's weights to its bundle: calibrated on what it held out, measured on PublicTest where there is one. */
export const bundleRun = async (
  { flags, settings, set, rows, dataset, backend, network, teachers, folder }: PreparedRun,
  result: TrainResult,
): Promise<FinishedBundle> => {
  const custodianSecretKey = readKey(flags.custodianKey);
  const trainRows = [...result.trainRows].map((at) => rows[at]!);
  const held = [...result.validationRows].map((at) => rows[at]!);
  const publicTest = rowsOfSplit(set, 'PublicTest');
  const { spec, model } = network;
  const base = flags.from === undefined ? null : readBundle(flags.from);
  const sources = [...(base ? [base] : []), ...teachers.map(({ contents }) => contents)];
  const before = new Set(sources.flatMap(({ files }) => [...(knownTraining(files) ?? [])]));
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
    trainedBefore: before,
    calibration: {
      rows: freshRows(set, { trained: trainRows, held, before }),
      labelSmoothing: smoothingOf(result.config, teachers),
    },
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
      training: `Network "${spec.name}", ${result.history.length} epochs (best: ${result.bestEpoch}) on ${result.engine}, seed "${flags.seed}"; ${trainRows.length} pictures trained, ${held.length} held out for choosing the epoch.${sayBase(base, flags.freeze)}${sayTeachers(settings, teachers)}`,
      ...(held.length > 0
        ? { calibration: 'fitted on the held-out part, copies of trained pictures left out.' }
        : {}),
    },
  });
};
