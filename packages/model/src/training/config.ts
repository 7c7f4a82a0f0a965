import { type AugmentationRecipe, MISSION_AUGMENTATION, STRONG_AUGMENTATION } from '../augment/recipe.ts';

export type OptimizerConfig =
  | { readonly kind: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  /** g += weightDecay·w (kernels only); v = momentum·v + g; w -= rate·(g + momentum·v) (Nesterov). */
  | { readonly kind: 'sgd'; readonly momentum: number; readonly weightDecay: number };

export type ScheduleConfig =
  /** Keras' ReduceLROnPlateau on the validation loss. */
  | {
      readonly kind: 'plateau';
      readonly factor: number;
      readonly patience: number;
      readonly minDelta: number;
    }
  /** Linear warm-up, then half a cosine to 0, step by step (Loshchilov and Hutter 2017). */
  | { readonly kind: 'cosine'; readonly warmupEpochs: number };

export type TrainingConfig = {
  readonly seed: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly optimizer: OptimizerConfig;
  readonly schedule: ScheduleConfig;
  /** Stop after so many epochs without a better validation loss, and restore the best weights. */
  readonly earlyStopping: { readonly patience: number } | null;
  readonly validationFraction: number;
  /** Fixes which pictures are held out, in place of the seed: a student holds out what its teachers did not see. */
  readonly splitSeed?: string;
  readonly augmentation: AugmentationRecipe;
  readonly labelSmoothing: number;
  /** Decay of the running average of the weights, which is the result; null for the last weights. */
  readonly averageDecay: number | null;
  /** One transcript entry every so many steps. */
  readonly transcriptEverySteps: number;
  /** Train on pictures moved against the network; sizes in pixel values from 0 to 1. Null for clean ones. */
  readonly adversarial: {
    readonly epsilon: number;
    readonly stepSize: number;
    readonly steps: number;
  } | null;
  /** Learn the teachers' readings of the same views, at this share of the loss. Null for labels alone. */
  readonly distillation: {
    /** SHA-256 of each teacher's weights. */
    readonly teachers: readonly string[];
    readonly share: number;
  } | null;
};

export const MISSION_TRAINING: TrainingConfig = {
  seed: 'testigo',
  epochs: 50,
  batchSize: 64,
  learningRate: 1e-3,
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  schedule: { kind: 'plateau', factor: 0.2, patience: 5, minDelta: 1e-4 },
  earlyStopping: { patience: 10 },
  validationFraction: 0.2,
  augmentation: MISSION_AUGMENTATION,
  labelSmoothing: 0,
  averageDecay: null,
  transcriptEverySteps: 100,
  adversarial: null,
  distillation: null,
};

/** The recipe of the compact network. */
export const COMPACT_TRAINING: TrainingConfig = {
  ...MISSION_TRAINING,
  epochs: 70,
  batchSize: 128,
  learningRate: 0.1,
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: 'cosine', warmupEpochs: 5 },
  earlyStopping: null,
  validationFraction: 0,
  augmentation: STRONG_AUGMENTATION,
  labelSmoothing: 0.1,
  averageDecay: 0.999,
};

/** The recipe of the hybrid network: the compact one's, with the Adam that attention wants. */
export const HYBRID_TRAINING: TrainingConfig = {
  ...COMPACT_TRAINING,
  learningRate: 5e-4,
  optimizer: MISSION_TRAINING.optimizer,
};

/**
 * Fast adversarial training (Wong et al. 2020) in place of a recipe's own regularisation, which it does not bear:
 * one signed step of 1.25 epsilon from a random start. `epsilon` is in pixel values from 0 to 1.
 */
export const fastAdversarial = (recipe: TrainingConfig, epsilon: number): TrainingConfig => ({
  ...recipe,
  ...(recipe.schedule.kind === 'cosine' ? { schedule: { kind: 'cosine', warmupEpochs: 2 } } : {}),
  ...(recipe.averageDecay === null ? {} : { averageDecay: 0.998 }),
  augmentation: { ...recipe.augmentation, crop: false, erase: 0, mixup: 0 },
  labelSmoothing: 0,
  adversarial: { epsilon, stepSize: 1.25 * epsilon, steps: 1 },
});
