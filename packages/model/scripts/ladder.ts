/** From the mission's recipe to the compact network's, one change at a time; each step keeps all changes before it. */
import { STRONG_AUGMENTATION } from '../src/augment/recipe.ts';
import {
  CLASS_COUNT,
  compactNetwork,
  type LayerSpec,
  MISSION_NETWORK,
  type NetworkSpec,
} from '../src/network/spec.ts';
import { COMPACT_TRAINING, MISSION_TRAINING, type TrainingConfig } from '../src/training/config.ts';

type Recipe = { readonly network: NetworkSpec; readonly training: TrainingConfig };
type Step = { readonly name: string; readonly change: (before: Recipe) => Recipe };

const train =
  (change: Partial<TrainingConfig>) =>
  ({ network, training }: Recipe): Recipe => ({ network, training: { ...training, ...change } });
const augment =
  (change: Partial<TrainingConfig['augmentation']>) =>
  ({ network, training }: Recipe): Recipe => ({
    network,
    training: { ...training, augmentation: { ...training.augmentation, ...change } },
  });

const normalised = (filters: number): LayerSpec[] => [
  { kind: 'conv', filters, bias: false, relu: false },
  { kind: 'batchNorm', relu: true, epsilon: 1e-5, momentum: 0.9 },
];
const head = (rate: number): LayerSpec[] => [
  { kind: 'dropout', rate },
  { kind: 'dense', units: CLASS_COUNT, relu: false },
];
/** The mission's three stages, each convolution normalised by itself. */
const NORMALISED: NetworkSpec = {
  ...MISSION_NETWORK,
  name: 'normalised',
  initializer: 'he-normal',
  layers: [
    ...[32, 64, 128].flatMap((filters): LayerSpec[] => [
      ...normalised(filters),
      ...normalised(filters),
      { kind: 'maxPool' },
    ]),
    { kind: 'flatten' },
    { kind: 'dense', units: 256, relu: true },
    ...head(0.5),
  ],
};
const withoutGates = ({ layers, ...spec }: NetworkSpec): NetworkSpec => ({
  ...spec,
  name: 'plain',
  layers: layers.filter(({ kind }) => kind !== 'squeezeExcite'),
});
const COMPACT = { inputSize: 48, dropout: 0.5 };

export const STEPS: readonly Step[] = [
  { name: 'mission', change: (recipe) => recipe },
  { name: 'mirror images', change: augment({ mirror: 0.5 }) },
  {
    name: 'SGD with a cosine, 70 epochs, batch 128, to the end',
    change: train({
      ...{ epochs: 70, batchSize: 128, learningRate: 0.02, earlyStopping: null },
      ...{ optimizer: COMPACT_TRAINING.optimizer, schedule: COMPACT_TRAINING.schedule },
    }),
  },
  {
    name: "a normalisation after each convolution, He's first weights, rate .1",
    change: ({ training }) => ({ network: NORMALISED, training: { ...training, learningRate: 0.1 } }),
  },
  {
    name: 'nine convolutions in four stages, a global average in place of the dense layer, input standardised',
    change: ({ training }) => ({ network: withoutGates(compactNetwork(COMPACT)), training }),
  },
  {
    name: 'squeeze and excitation',
    change: ({ training }) => ({ network: compactNetwork(COMPACT), training }),
  },
  {
    name: 'crops of 44, a fifth not turned, the others moved less',
    change: ({ training }) => ({
      network: compactNetwork({ ...COMPACT, inputSize: 44 }),
      training: {
        ...training,
        augmentation: { ...STRONG_AUGMENTATION, erase: 0, mixup: 0 },
      },
    }),
  },
  { name: 'label smoothing .1', change: train({ labelSmoothing: 0.1 }) },
  {
    name: 'erasing, mixup, dropout .4',
    change: ({ training }) => ({
      network: compactNetwork(),
      training: { ...training, augmentation: STRONG_AUGMENTATION },
    }),
  },
  { name: 'averaged weights', change: train({ averageDecay: 0.999 }) },
];

/** The recipe after the given change, counted from 0. */
export const ladderRecipe = (step: number): Recipe =>
  STEPS.slice(0, step + 1).reduce<Recipe>((recipe, { change }) => change(recipe), {
    network: MISSION_NETWORK,
    training: MISSION_TRAINING,
  });
