import type { ModelManifest } from '@testigo/trail';
import { fitTemperature, softmaxRows } from './calibration.ts';
import { fitQuantile } from './conformal.ts';

/** 1 - alpha of the conformal sets that bundles carry. */
export const TARGET_COVERAGE = 0.9;

/** Temperature and conformal quantile from held-out logits, as the manifest's integers. */
export const calibrate = (logits: Float32Array, labels: Uint8Array): ModelManifest['calibration'] => {
  const temperaturePpm = Math.round(fitTemperature(logits, labels) * 1e6);
  const quantile = fitQuantile(softmaxRows(logits, temperaturePpm / 1e6), labels, TARGET_COVERAGE);
  return {
    temperaturePpm,
    // Upwards, so that rounding cannot take a label out of a set.
    conformalQuantilePpm: Math.min(1e6, Math.ceil(quantile * 1e6)),
    conformalCoveragePpm: Math.round(TARGET_COVERAGE * 1e6),
  };
};
