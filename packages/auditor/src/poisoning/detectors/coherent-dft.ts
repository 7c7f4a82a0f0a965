import { robustScaleOf } from '../numeric/robust.ts';
import { BINS as SPECTRUM_BINS } from './limited-spectrum.ts';

// A copy: a test runner turns each use of an imported constant into a call, and these loops run long.
const BINS = SPECTRUM_BINS;

/** Formula 4 keeps this many bins. */
const PEAKS = 6;
const WIDTH = 2 * BINS;

/** Sums over rows of limited spectra, to be added up class by class into a reference. */
export type SpectrumSums = {
  readonly count: number;
  readonly sum: Float64Array;
  readonly square: Float64Array;
};

export function sumSpectra(spectra: Float32Array): SpectrumSums {
  const sum = new Float64Array(WIDTH);
  const square = new Float64Array(WIDTH);
  for (let start = 0; start < spectra.length; start += WIDTH) {
    for (let b = 0; b < WIDTH; b++) {
      const value = spectra[start + b]!;
      sum[b]! += value;
      square[b]! += value * value;
    }
  }
  return { count: spectra.length / WIDTH, sum, square };
}

/** Mean of each part and standard deviation of each bin (both parts share it, so that phase keeps its meaning). */
export type SpectrumReference = { readonly mean: Float64Array; readonly deviation: Float64Array };

export function referenceOf(parts: readonly SpectrumSums[]): SpectrumReference {
  const mean = new Float64Array(WIDTH);
  const deviation = new Float64Array(BINS);
  const count = parts.reduce((total, part) => total + part.count, 0);
  for (let b = 0; b < WIDTH; b++) {
    let sum = 0;
    let square = 0;
    for (const part of parts) {
      sum += part.sum[b]!;
      square += part.square[b]!;
    }
    mean[b] = sum / count;
    deviation[b % BINS]! += Math.max(square / count - mean[b]! ** 2, 0);
  }
  for (let b = 0; b < BINS; b++) deviation[b] = Math.sqrt(deviation[b]!) + 1e-9;
  return { mean, deviation };
}

/** Z_b = (F_b - m_b) / sd_b, each row then scaled to mean power one, in place: a loud image has no more say. */
export function standardiseSpectra(spectra: Float32Array, reference: SpectrumReference): void {
  const { mean, deviation } = reference;
  for (let start = 0; start < spectra.length; start += WIDTH) {
    let power = 0;
    for (let b = 0; b < BINS; b++) {
      const re = (spectra[start + b]! - mean[b]!) / deviation[b]!;
      const im = (spectra[start + BINS + b]! - mean[BINS + b]!) / deviation[b]!;
      const isConstantBin = b === 0;
      spectra[start + b] = isConstantBin ? 0 : re;
      spectra[start + BINS + b] = isConstantBin ? 0 : im;
      if (!isConstantBin) power += re * re + im * im;
    }
    const scale = Math.sqrt(BINS / (power + 1));
    for (let b = 0; b < WIDTH; b++) spectra[start + b]! *= scale;
  }
}

type Peak = {
  readonly at: number;
  readonly cos: number;
  readonly sin: number;
  readonly centre: number;
  readonly spread: number;
};

export type CoherentModel = { readonly peaks: readonly Peak[] };

/**
 * SIG (Barni et al. 2019) adds one phase at one frequency to every poisoned image. Formula 4 looks for it in the
 * mean of Z_b, where 1 % of poison drowns. Here D_b = mean |Z_b|^2 Z_b, class less reference classes: random phases
 * still cancel, and an image far out at the bin counts with the cube of its distance. Standardised spectra in.
 */
export function fitCoherentDft(spectra: Float32Array, referenceSpectra: Float32Array): CoherentModel {
  const drift = cubicDrift(spectra);
  const natural = cubicDrift(referenceSpectra);
  for (let b = 0; b < WIDTH; b++) drift[b]! -= natural[b]!;
  const strength = Float64Array.from({ length: BINS }, (_, b) => Math.hypot(drift[b]!, drift[BINS + b]!));
  const order = Array.from({ length: BINS }, (_, b) => b).sort(
    (a, b) => strength[b]! - strength[a]! || a - b,
  );
  const peaks = order.slice(0, PEAKS).map((at) => {
    const size = strength[at]! + 1e-30;
    const direction = { at, cos: drift[at]! / size, sin: drift[BINS + at]! / size };
    return { ...direction, ...robustScaleOf(alignRows(spectra, direction)) };
  });
  return { peaks };
}

/** s = max over peaks of the robust z of Re(conj(D_b / |D_b|) Z_b). */
export function scoreCoherentDft(model: CoherentModel, spectra: Float32Array): Float64Array {
  const scores = new Float64Array(spectra.length / WIDTH).fill(Number.NEGATIVE_INFINITY);
  for (const peak of model.peaks) {
    alignRows(spectra, peak).forEach((aligned, k) => {
      scores[k] = Math.max(scores[k]!, (aligned - peak.centre) / peak.spread);
    });
  }
  return scores;
}

function cubicDrift(spectra: Float32Array): Float64Array {
  const drift = new Float64Array(WIDTH);
  for (let start = 0; start < spectra.length; start += WIDTH) {
    for (let b = 0; b < BINS; b++) {
      const re = spectra[start + b]!;
      const im = spectra[start + BINS + b]!;
      const power = re * re + im * im;
      drift[b]! += power * re;
      drift[BINS + b]! += power * im;
    }
  }
  const rows = Math.max(spectra.length / WIDTH, 1);
  for (let b = 0; b < WIDTH; b++) drift[b]! /= rows;
  return drift;
}

function alignRows(spectra: Float32Array, peak: { at: number; cos: number; sin: number }): Float64Array {
  return Float64Array.from({ length: spectra.length / WIDTH }, (_, k) => {
    return peak.cos * spectra[k * WIDTH + peak.at]! + peak.sin * spectra[k * WIDTH + BINS + peak.at]!;
  });
}
