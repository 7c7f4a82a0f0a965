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
  writeWeights(weights: readonly Float32Array[]): void;
  readOptimizer(): Promise<Float32Array[]>;
  dispose(): void;
}
