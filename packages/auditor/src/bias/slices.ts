import type { EvidenceFile } from '../poisoning/evidence-file.ts';
import { quantileOf } from '../poisoning/numeric/robust.ts';
import { CLASSES, imageOf, PIXELS, type SampleSet } from '../poisoning/sample-set.ts';
import type { Judged } from './metrics.ts';

/** Slices by what can be seen in the picture, since FER-2013 says nothing about the people. */
export const SLICES = ['brightness', 'contrast'] as const;
export type Slice = (typeof SLICES)[number];

/** Four groups of equal size, low to high; predictions are the evidence's out-of-fold ones. */
export function sliceSamples(set: SampleSet, evidence: EvidenceFile, slice: Slice): Judged[] {
  const values = Float64Array.from({ length: set.size }, (_, row) => measureImage(imageOf(set, row), slice));
  const edges = [0.25, 0.5, 0.75].map((share) => quantileOf(values, share));
  return Array.from({ length: set.size }, (_, row) => {
    const quarter = 1 + edges.filter((edge) => values[row]! > edge).length;
    return {
      group: `${slice} quarter ${quarter}`,
      truth: set.labels[row]!,
      predicted: predictedOf(evidence, row),
    };
  });
}

function measureImage(image: Uint8Array, slice: Slice): number {
  let sum = 0;
  let square = 0;
  for (const value of image) {
    sum += value;
    square += value * value;
  }
  const mean = sum / PIXELS;
  return slice === 'brightness' ? mean : Math.sqrt(Math.max(square / PIXELS - mean * mean, 0));
}

function predictedOf(evidence: EvidenceFile, row: number): number {
  const probabilities = evidence.probabilities.subarray(row * CLASSES, (row + 1) * CLASSES);
  return probabilities.indexOf(Math.max(...probabilities));
}
