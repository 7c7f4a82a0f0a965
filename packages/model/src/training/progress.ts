export type EpochResult = {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  /** NaN without a validation split. */
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  readonly learningRate: number;
  /** Under PGD-10 on held-out (else trained) rows; adversarial training only. */
  readonly robustAccuracy?: number;
};

export type TrainingProgress =
  | {
      readonly type: 'step';
      readonly epoch: number;
      readonly epochs: number;
      readonly step: number;
      readonly steps: number;
      readonly imagesPerSecond: number;
      readonly etaMs: number;
    }
  | ({ readonly type: 'epoch'; readonly epochs: number } & EpochResult);
