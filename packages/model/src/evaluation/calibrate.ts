import type { ModelManifest } from '@testigo/trail';
import { softmaxRows, undoSmoothing } from '../bundle/calibrated.ts';
import { fitTemperature } from './calibration.ts';
import { fitQuantile } from './conformal.ts';

/** 1 - alpha of the conformal sets that bundles carry. */
export const TARGET_COVERAGE = 0.9;

/**
 * Temperature and conformal quantile from held-out logits, as the manifest's integers. `labelSmoothing` is the training's own, 0 to .5:
 * it is known, and nothing of it is fitted.
 */
export const calibrate = (
  logits: Float32Array,
  labels: Uint8Array,
  labelSmoothing = 0,
): ModelManifest['calibration'] => {
  const unsmoothed = undoSmoothing(logits, labelSmoothing);
  const temperaturePpm = Math.round(fitTemperature(unsmoothed, labels) * 1e6);
  const quantile = fitQuantile(softmaxRows(unsmoothed, temperaturePpm / 1e6), labels, TARGET_COVERAGE);
  return {
    temperaturePpm,
    ...(labelSmoothing > 0 ? { labelSmoothingPpm: Math.round(labelSmoothing * 1e6) } : {}),
    // Upwards, so that rounding cannot take a label out of a set.
    conformalQuantilePpm: Math.min(1e6, Math.ceil(quantile * 1e6)),
    conformalCoveragePpm: Math.round(TARGET_COVERAGE * 1e6),
  };
};
