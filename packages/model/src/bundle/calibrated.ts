import type { ModelManifest } from '@testigo/trail';
import { CLASS_COUNT } from '../labels.ts';

/** How logits become the probabilities that a bundle serves (docs/spec/model-manifest.md). */
export type Calibration = {
  readonly temperature: number;
  /** Share of each training target that was spread over all labels, 0 to .5; the probabilities undo it. */
  readonly labelSmoothing: number;
};

export const UNCALIBRATED: Calibration = { temperature: 1, labelSmoothing: 0 };

/** Width, in probability, of the bend that keeps what falls below the smoothing's floor above zero and in order. */
export const FLOOR_WIDTH = 0.003;

/** What a manifest's integers stand for. */
export const calibrationOf = ({ calibration }: ModelManifest): Calibration => ({
  temperature: calibration.temperaturePpm / 1e6,
  labelSmoothing: (calibration.labelSmoothingPpm ?? 0) / 1e6,
});

/** For a report. */
export const formatCalibration = ({ temperature, labelSmoothing }: Calibration): string =>
  `temperature ${temperature.toFixed(3)}${labelSmoothing > 0 ? ` and label smoothing of ${labelSmoothing} undone` : ''}`;

/** Softmax of logits / temperature, row by row (Guo et al. 2017, eq. 9). */
export const softmaxRows = (logits: Float32Array, temperature = 1): Float32Array => {
  const out = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += CLASS_COUNT) {
    let top = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < CLASS_COUNT; c++) top = Math.max(top, logits[at + c]! / temperature);
    let sum = 0;
    for (let c = 0; c < CLASS_COUNT; c++) {
      const value = Math.exp(logits[at + c]! / temperature - top);
      out[at + c] = value;
      sum += value;
    }
    for (let c = 0; c < CLASS_COUNT; c++) out[at + c]! /= sum;
  }
  return out;
};

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * Logits of what the labels were before smoothing, up to a constant a row. Smoothed labels (Szegedy et al. 2016, section 7) are labels
 * seen through symmetric noise; this is the inverse of that noise (as in Patrini et al. 2017, section 4). A network trained on them never says
 * more than 1 - s + s / 7, however sure it is, which no temperature mends. Order is kept.
 */
export const undoSmoothing = (logits: Float32Array, labelSmoothing: number): Float32Array => {
  if (labelSmoothing === 0) return logits;
  return softmaxRows(logits).map((p) =>
    Math.log(softplus((p - labelSmoothing / CLASS_COUNT) / ((1 - labelSmoothing) * FLOOR_WIDTH))),
  );
};

/** Calibrated probabilities, n x 7. */
export const calibrateRows = (
  logits: Float32Array,
  { temperature, labelSmoothing }: Calibration,
): Float32Array => softmaxRows(undoSmoothing(logits, labelSmoothing), temperature);
