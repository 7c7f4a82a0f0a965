import type { TrainingConfig } from './config.ts';

/** Learning rate of a step under a half cosine with linear warm-up. */
export function cosineRate(peak: number, step: number, steps: number, warmupSteps: number): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  return (peak / 2) * (1 + Math.cos((Math.PI * (step - warmupSteps)) / Math.max(1, steps - warmupSteps)));
}

export type EpochVerdict = { readonly isBest: boolean; readonly stop: boolean };

/** What a watch has seen so far, as numbers that can be stored. */
export type WatchState = {
  readonly rate: number;
  readonly plateauBest: number;
  readonly plateauWait: number;
  readonly best: number;
  readonly wait: number;
  readonly robustBest: number;
};

/** What the validation loss decides: the rate (plateau), the best epoch and when to stop. */
export type EpochWatch = {
  rate(step: number): number;
  see(validationLoss: number): EpochVerdict;
  /** The same question asked of the accuracy under attack: a fall to under half of the best is a collapse. */
  seeRobust(accuracy: number): EpochVerdict;
  readonly state: WatchState;
};

const NOTHING_SEEN = {
  plateauBest: Number.POSITIVE_INFINITY,
  plateauWait: 0,
  best: Number.POSITIVE_INFINITY,
  wait: 0,
  robustBest: 0,
};

/** `from`: what the watch of an interrupted run had seen. */
export function watchEpochs(config: TrainingConfig, stepsPerEpoch: number, from?: WatchState): EpochWatch {
  const seen: { -readonly [K in keyof WatchState]: number } = from
    ? { ...from }
    : { ...NOTHING_SEEN, rate: config.learningRate };
  const { schedule } = config;
  const seePlateau = (loss: number): void => {
    if (schedule.kind !== 'plateau') return;
    if (loss < seen.plateauBest - schedule.minDelta) {
      seen.plateauBest = loss;
      seen.plateauWait = 0;
    } else if (++seen.plateauWait >= schedule.patience) {
      seen.rate *= schedule.factor;
      seen.plateauWait = 0;
    }
  };
  return {
    rate: (step) =>
      schedule.kind === 'plateau'
        ? seen.rate
        : cosineRate(
            config.learningRate,
            step,
            config.epochs * stepsPerEpoch,
            Math.round(schedule.warmupEpochs * stepsPerEpoch),
          ),
    see: (loss) => {
      seePlateau(loss);
      const isBest = loss < seen.best;
      seen.best = isBest ? loss : seen.best;
      seen.wait = isBest ? 0 : seen.wait + 1;
      return { isBest, stop: config.earlyStopping !== null && seen.wait >= config.earlyStopping.patience };
    },
    seeRobust: (accuracy) => {
      const isBest = accuracy >= seen.robustBest;
      seen.robustBest = Math.max(seen.robustBest, accuracy);
      return { isBest, stop: accuracy < seen.robustBest / 2 };
    },
    get state() {
      return { ...seen };
    },
  };
}
