import type { Calibration } from '../bundle/calibrated.ts';
import { CLASS_COUNT, LABELS } from '../labels.ts';
import {
  expectedCalibrationError,
  negativeLogLikelihood,
  type ReliabilityBin,
  reliabilityBins,
} from './calibration.ts';
import { type ConformalFigures, measureConformal } from './conformal.ts';
import {
  accuracyOf,
  type Confusion,
  countConfusion,
  figuresByClass,
  macroF1Of,
  predictClasses,
} from './confusion.ts';
import { bootstrap, type Interval, wilson } from './interval.ts';
import { measureSelective, type SelectivePoint } from './selective.ts';

export type ClassReport = {
  readonly precision: number;
  readonly precisionInterval: Interval;
  readonly recall: number;
  readonly recallInterval: Interval;
  readonly f1: number;
  readonly f1Interval: Interval;
  readonly support: number;
};

/** The figures every evaluation has. Shares are 0 to 1, intervals 95 %. */
export type CoreFigures = {
  readonly count: number;
  readonly accuracy: number;
  readonly accuracyInterval: Interval;
  readonly macroF1: number;
  readonly macroF1Interval: Interval;
};

export type Evaluation = CoreFigures & {
  readonly weightedF1: number;
  readonly perClass: Readonly<Record<string, ClassReport>>;
  readonly labels: readonly string[];
  /** Rows true, columns predicted, in the order of `labels`. */
  readonly confusion: Confusion;
  /** After calibration: of the probabilities the model serves. */
  readonly ece: number;
  readonly eceInterval: Interval;
  readonly calibration: Calibration & {
    readonly eceBefore: number;
    readonly eceAfter: number;
    readonly nllBefore: number;
    readonly nllAfter: number;
    readonly bins: readonly ReliabilityBin[];
  };
  readonly conformal: ConformalFigures | null;
  readonly selective: readonly SelectivePoint[];
};

export type Readings = {
  readonly labels: Uint8Array;
  /** Calibrated, n x 7. */
  readonly probabilities: Float32Array;
  /** Softmax of the logits, n x 7. */
  readonly uncalibrated: Float32Array;
  readonly calibration: Calibration;
  readonly conformal?: { readonly quantile: number; readonly target: number };
};

export const measureCore = (labels: Uint8Array, predicted: Uint8Array): CoreFigures => {
  const confusion = countConfusion(labels, predicted);
  const [macroF1Interval] = bootstrap(labels.length, (rows) => [
    macroF1Of(resample(labels, predicted, rows)),
  ]);
  const hits = labels.reduce((sum, label, i) => sum + (label === predicted[i] ? 1 : 0), 0);
  return {
    count: labels.length,
    accuracy: accuracyOf(confusion),
    accuracyInterval: wilson(hits, labels.length),
    macroF1: macroF1Of(confusion),
    macroF1Interval: macroF1Interval!,
  };
};

const resample = (labels: Uint8Array, predicted: Uint8Array, rows: Uint32Array): number[][] => {
  const confusion = Array.from({ length: CLASS_COUNT }, () => new Array<number>(CLASS_COUNT).fill(0));
  for (const row of rows) confusion[labels[row]!]![predicted[row]!]!++;
  return confusion;
};

/** Every figure of one set of readings. Pure: the same readings give the same report. */
export const evaluateReadings = (readings: Readings): Evaluation => {
  const { labels, probabilities, uncalibrated, calibration } = readings;
  const predicted = predictClasses(probabilities);
  const confusion = countConfusion(labels, predicted);
  const figures = figuresByClass(confusion);
  const intervals = bootstrap(labels.length, (rows) => {
    const drawn = resample(labels, predicted, rows);
    const eceDrawn = expectedCalibrationError(probabilities, labels, rows);
    return [eceDrawn, macroF1Of(drawn), ...figuresByClass(drawn).map(({ f1 }) => f1)];
  });
  const hits = figures.reduce((sum, { hits: own }) => sum + own, 0);
  const ece = expectedCalibrationError(probabilities, labels);
  const perClass = figures.map(
    ({ precision, recall, f1, support, predicted: claimed, hits: own }, c): [string, ClassReport] => [
      LABELS[c]!,
      {
        precision,
        precisionInterval: wilson(own, claimed),
        recall,
        recallInterval: wilson(own, support),
        f1,
        f1Interval: intervals[2 + c]!,
        support,
      },
    ],
  );
  return {
    count: labels.length,
    accuracy: accuracyOf(confusion),
    accuracyInterval: wilson(hits, labels.length),
    macroF1: macroF1Of(confusion),
    macroF1Interval: intervals[1]!,
    weightedF1: figures.reduce((sum, { f1, support }) => sum + f1 * support, 0) / Math.max(1, labels.length),
    perClass: Object.fromEntries(perClass),
    labels: LABELS,
    confusion,
    ece,
    eceInterval: intervals[0]!,
    calibration: {
      ...calibration,
      eceBefore: expectedCalibrationError(uncalibrated, labels),
      eceAfter: ece,
      nllBefore: negativeLogLikelihood(uncalibrated, labels),
      nllAfter: negativeLogLikelihood(probabilities, labels),
      bins: reliabilityBins(probabilities, labels),
    },
    conformal: readings.conformal ? measureConformal(probabilities, labels, readings.conformal) : null,
    selective: measureSelective(probabilities, labels),
  };
};
