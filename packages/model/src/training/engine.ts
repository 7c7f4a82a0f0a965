/** Sums over the samples seen since the last reading. */
export type Metrics = { readonly lossSum: number; readonly correct: number; readonly count: number };

export type TrainingBatch = {
  /** Rows of the data, in batch order. */
  readonly indices: Uint32Array;
  /** Rows to mix with; empty without mixup. */
  readonly partners: Uint32Array;
  /** VIEW_LENGTH numbers a row. */
  readonly views: Float32Array;
  readonly learningRate: number;
  /** Seed of the dropout masks of this step. */
  readonly maskSeed: number;
};

/** Everything that a step changes, for going on later. */
export type EngineState = {
  /** Steps done. */
  readonly steps: number;
  readonly weights: readonly Float32Array[];
  /** Null where none is kept. */
  readonly average: readonly Float32Array[] | null;
  /** As `readOptimizer` gives it. */
  readonly optimizer: readonly Float32Array[];
};

export type AttackPlan = {
  /** Pixel values from 0 to 1. */
  readonly epsilon: number;
  readonly stepSize: number;
  readonly steps: number;
  readonly seed: string;
};

/** The arithmetic went wrong: a loss that is no number, or an error of the device. */
export class TrainingFault extends Error {
  override readonly name = 'TrainingFault';
}

/** Where the arithmetic of a training run is done. */
export interface TrainingEngine {
  readonly name: string;
  step(batch: TrainingBatch): void | Promise<void>;
  /** Loss and hits of the training batches since the last call. */
  readMetrics(): Promise<Metrics>;
  /** Class probabilities of rows, [count, classes], seen through one view. */
  predict(indices: Uint32Array, view: Float32Array): Promise<Float32Array>;
  /** The weights in `parametersOf` order; `averaged` for the running average where one is kept. */
  readWeights(which?: 'current' | 'averaged'): Promise<Float32Array[]>;
  /** Which weights `predict` uses. */
  useWeights(which: 'current' | 'averaged'): void;
  /** All that the optimizer carries from step to step. */
  readOptimizer(): Promise<Float32Array[]>;
  /** Goes on where another engine of the same kind and configuration was. */
  restore(state: EngineState): Promise<void>;
  /** Class probabilities of rows moved against the weights in use, from a random start: PGD (Madry et al. 2018). */
  predictAttacked(indices: Uint32Array, view: Float32Array, plan: AttackPlan): Promise<Float32Array>;
  dispose(): void;
}
