import type { TrainingConfig } from './config.ts';

/** Learning rate of a step under a half cosine with linear warm-up. */
export function cosineRate(peak: number, step: number, steps: number, warmupSteps: number): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  return (peak / 2) * (1 + Math.cos((Math.PI * (step - warmupSteps)) / Math.max(1, steps - warmupSteps)));
}

export type EpochVerdict = { readonly isBest: boolean; readonly stop: boolean };

/** What the validation loss decides: the rate (plateau), the best epoch and when to stop. */
export type EpochWatch = {
  rate(step: number): number;
  see(validationLoss: number): EpochVerdict;
};

export function watchEpochs(config: TrainingConfig, stepsPerEpoch: number): EpochWatch {
  let rate = config.learningRate;
  let plateauBest = Number.POSITIVE_INFINITY;
  let plateauWait = 0;
  let best = Number.POSITIVE_INFINITY;
  let wait = 0;
  const { schedule } = config;
  const seePlateau = (loss: number): void => {
    if (schedule.kind !== 'plateau') return;
    if (loss < plateauBest - schedule.minDelta) {
      plateauBest = loss;
      plateauWait = 0;
    } else if (++plateauWait >= schedule.patience) {
      rate *= schedule.factor;
      plateauWait = 0;
    }
  };
  return {
    rate: (step) =>
      schedule.kind === 'plateau'
        ? rate
        : cosineRate(
            config.learningRate,
            step,
            config.epochs * stepsPerEpoch,
            schedule.warmupEpochs * stepsPerEpoch,
          ),
    see: (loss) => {
      seePlateau(loss);
      const isBest = loss < best;
      best = isBest ? loss : best;
      wait = isBest ? 0 : wait + 1;
      return { isBest, stop: config.earlyStopping !== null && wait >= config.earlyStopping.patience };
    },
  };
}
