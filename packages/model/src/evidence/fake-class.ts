import { CLASS_COUNT } from '../labels.ts';
import { createGenerator, permute } from '../random/keyed-generator.ts';
import { type Features, marginOf, targetsOf, trainHead } from './linear-head.ts';

/** Training again with another set of fakes, so that every row has a margin under its own label. */
const PASSES = 2;

/** The fakes of each pass: N / (C + 1) rows, no row in two passes. */
export const drawFakes = (count: number, seed: string): Uint32Array[] => {
  const size = Math.floor(count / (CLASS_COUNT + 1));
  const order = permute(count, createGenerator(seed, 'fake class'));
  return Array.from({ length: PASSES }, (_, pass) => order.slice(pass * size, (pass + 1) * size).sort());
};

export type Margins = {
  /** [n]: area under the margin, the mean over the epochs of z_y - max over other classes of z. */
  readonly margin: Float32Array;
  /** The same of the rows of all passes that carried the fake class, under that class. */
  readonly fakeMargin: Float32Array;
};

/**
 * Area under the margin (Pleiss et al. 2020) by linear heads. In each pass some rows are relabelled to a class that does
 * not exist (their section 3.2): nothing but memory can tell them apart, so their margins say how far memory goes, and
 * a label whose margin is no higher is not believed. Every other row is trained on with its own label.
 */
export const measureMargins = (
  features: Features,
  labels: Uint8Array,
  { seed, epochs }: { readonly seed: string; readonly epochs: number },
): Margins => {
  const rows = Uint32Array.from({ length: labels.length }, (_, row) => row);
  const sums = new Float64Array(labels.length);
  const counts = new Uint8Array(labels.length);
  const passes = drawFakes(labels.length, seed).map((fakes, pass) => {
    const given = labels.slice();
    for (const row of fakes) given[row] = CLASS_COUNT;
    const margin = new Float64Array(labels.length);
    trainHead(features, targetsOf(given, CLASS_COUNT + 1), rows, {
      ...{ seed: `${seed}:fake:${pass}`, epochs },
      onRow: (_, row, scores) => {
        margin[row]! += marginOf(scores, given[row]!) / epochs;
      },
    });
    for (const row of rows) {
      if (given[row] === CLASS_COUNT) continue;
      sums[row]! += margin[row]!;
      counts[row]! += 1;
    }
    return Array.from(fakes, (row) => margin[row]!);
  });
  return {
    margin: Float32Array.from(sums, (sum, row) => sum / counts[row]!),
    fakeMargin: Float32Array.from(passes.flat()),
  };
};
