import { WIDE_AUGMENTATION } from '../augment/recipe.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import type { Precision } from '../bundle/weights.ts';
import { type FaceSet, rowsOfSplit } from '../data/face-set.ts';
import { ModelError } from '../errors.ts';
import { UNLABELLED } from '../labels.ts';
import { buildNetwork, type FerNetwork } from '../network/build.ts';
import { compactNetwork, hybridNetwork, MISSION_NETWORK, type NetworkSpec } from '../network/spec.ts';
import { createGenerator, permute } from '../random/keyed-generator.ts';
import {
  COMPACT_TRAINING,
  fastAdversarial,
  HYBRID_TRAINING,
  MISSION_TRAINING,
  type TrainingConfig,
} from '../training/config.ts';
import { freezeLayers, loadNetwork } from './fine-tune.ts';
import { digestTeachers } from './teachers.ts';
import type { TrainFlags } from './train-flags.ts';

/** With the data, all that a run's result depends on; the run folder keeps it. */
export type RunSettings = {
  readonly network: NetworkSpec;
  readonly training: TrainingConfig;
  readonly from: string | null;
  readonly freeze: string | null;
  /** Bundles that it learns from; what they say is bound by `training.distillation`. */
  readonly teachers: readonly string[];
  readonly limit: number | null;
  readonly precision: Precision;
};

const RECIPES = {
  mission: { network: () => MISSION_NETWORK, robust: () => MISSION_NETWORK, training: MISSION_TRAINING },
  compact: {
    network: ({ widths }: TrainFlags) => compactNetwork({ widths }),
    // Against an attack it wants the whole picture, and is its own regularisation.
    robust: ({ widths }: TrainFlags) => compactNetwork({ widths, inputSize: 48, dropout: 0 }),
    training: COMPACT_TRAINING,
  },
  hybrid: {
    network: () => hybridNetwork(),
    robust: () => hybridNetwork({ dropout: 0 }),
    training: HYBRID_TRAINING,
  },
} as const;

const recipeOf = (flags: TrainFlags): Pick<RunSettings, 'network' | 'training'> => {
  const { network, from, adversarial, epsilon, augmentation } = flags;
  if (flags.widths && (network !== 'compact' || from !== undefined))
    throw new ModelError('option-invalid', {
      option: 'widths',
      seen: 'it is for new weights of --network compact',
    });
  if (augmentation && network === 'mission')
    throw new ModelError('option-invalid', {
      option: 'augmentation',
      seen: 'it is for --network compact and hybrid: the recipe of "mission" is fixed',
    });
  const recipe = RECIPES[network];
  const training =
    augmentation === 'wide' ? { ...recipe.training, augmentation: WIDE_AUGMENTATION } : recipe.training;
  return adversarial === undefined
    ? { network: recipe.network(flags), training }
    : { network: recipe.robust(flags), training: fastAdversarial(training, epsilon) };
};

const distillationOf = (
  { teacher: folders = [], teacherShare }: TrainFlags,
  student: NetworkSpec,
): TrainingConfig['distillation'] => {
  if (folders.length > 0) return { teachers: digestTeachers(folders, student), share: teacherShare ?? 1 };
  if (teacherShare !== undefined)
    throw new ModelError('option-invalid', { option: 'teacher-share', seen: 'it is for --teacher' });
  return null;
};

export const settingsOf = (flags: TrainFlags): RunSettings => {
  if (flags.freeze !== undefined && flags.from === undefined)
    throw new ModelError('option-invalid', {
      option: 'freeze',
      seen: 'it is for --from: new weights have to learn',
    });
  const { network: own, training } = recipeOf(flags);
  const source = flags.from ? (readBundle(flags.from).networkSpec as NetworkSpec | null) : null;
  const network = source ?? own;
  return {
    network,
    training: {
      ...training,
      seed: flags.seed,
      epochs: flags.epochs ?? training.epochs,
      batchSize: flags.batch ?? training.batchSize,
      learningRate: flags.learningRate ?? (flags.from ? training.learningRate / 10 : training.learningRate),
      validationFraction: flags.validation ?? 0.2,
      ...(flags.splitSeed === undefined ? {} : { splitSeed: flags.splitSeed }),
      transcriptEverySteps: flags.transcriptEvery ?? training.transcriptEverySteps,
      distillation: distillationOf(flags, network),
    },
    from: flags.from ?? null,
    freeze: flags.freeze ?? null,
    teachers: flags.teacher ?? [],
    limit: flags.limit ?? null,
    precision: flags.precision,
  };
};

/** Training rows in file order, or a seeded random subset of them. */
export const pickRows = (set: FaceSet, limit: number | null, seed: string): number[] => {
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

/** The network before its first step. */
export const prepareNetwork = ({ network: spec, training, from, freeze }: RunSettings): FerNetwork => {
  if (from === null) return buildNetwork(spec, training.seed);
  const network = loadNetwork(readBundle(from));
  freezeLayers(network, freeze ?? undefined);
  return network;
};
