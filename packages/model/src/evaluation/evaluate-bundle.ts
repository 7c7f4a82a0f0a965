import { calibrateRows, calibrationOf, softmaxRows } from '../bundle/calibrated.ts';
import type { BundleClassifier, ViewMode } from '../bundle/classifier.ts';
import { knownTraining } from '../bundle/known-training.ts';
import { prefixesOf, prefixOf } from '../data/copies.ts';
import { type FaceSet, pixelsOf, rowsOfSplit, type Split, selectRows, splitsIn } from '../data/face-set.ts';
import { ModelError } from '../errors.ts';
import { CLASS_COUNT, PIXEL_COUNT, UNLABELLED } from '../labels.ts';
import { predictClasses } from './confusion.ts';
import { type CoreFigures, type Evaluation, evaluateReadings, measureCore } from './evaluate.ts';

export type LeakFree = CoreFigures & {
  /** Rows left out because the training set holds a picture with exactly their pixels. */
  readonly removed: number;
  /** What the training pictures are known from. */
  readonly knownFrom: readonly ('bundle' | 'file')[];
};

export type BundleEvaluation = Evaluation & {
  readonly type: 'testigo-evaluation';
  readonly version: 1;
  readonly modelVersion: string;
  readonly source: string;
  readonly split: string;
  /** Rows with an exact copy among the pictures that are known to have trained the model. */
  readonly copies: number;
  readonly leakFree: LeakFree | null;
  readonly tenCrop: (CoreFigures & { readonly leakFree: CoreFigures | null }) | null;
};

export type EvaluateOptions = {
  readonly split?: Split | 'all' | 'auto';
  readonly tenCrop?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
};

/** Rows that did not train the model, where the data says so: PrivateTest, else PublicTest, else everything. */
export const chooseRows = (
  set: FaceSet,
  split: Split | 'all' | 'auto' = 'auto',
): { name: string; rows: number[] } => {
  const there = splitsIn(set);
  const chosen =
    split !== 'auto'
      ? split
      : there.includes('PrivateTest')
        ? 'PrivateTest'
        : there.includes('PublicTest')
          ? 'PublicTest'
          : 'all';
  if (chosen === 'all') return { name: 'all', rows: Array.from({ length: set.count }, (_, row) => row) };
  const rows = rowsOfSplit(set, chosen);
  if (rows.length === 0)
    throw new ModelError('split-missing', { path: set.source, split: chosen, seen: there.join(', ') });
  return { name: chosen, rows };
};

const runAll = async (
  pixels: Uint8Array,
  predict: (part: Uint8Array) => Promise<Float32Array>,
  onPart: (rows: number) => void,
): Promise<Float32Array> => {
  const count = pixels.length / PIXEL_COUNT;
  const out = new Float32Array(count * CLASS_COUNT);
  for (let from = 0; from < count; from += 256) {
    const part = pixels.subarray(from * PIXEL_COUNT, Math.min(count, from + 256) * PIXEL_COUNT);
    out.set(await predict(part), from * CLASS_COUNT);
    onPart(part.length / PIXEL_COUNT);
  }
  return out;
};

/** Pictures that trained the model, as far as the bundle and the file tell. */
const findTraining = (classifier: BundleClassifier, set: FaceSet, rows: readonly number[]) => {
  const shipped = knownTraining(classifier.contents.files);
  const training = rowsOfSplit(set, 'Training');
  const inTest = new Set(rows);
  const fromFile = training.some((row) => inTest.has(row)) ? [] : training;
  const known = prefixesOf(set, fromFile);
  if (shipped) for (const prefix of shipped) known.add(prefix);
  const knownFrom = [
    ...(shipped ? (['bundle'] as const) : []),
    ...(fromFile.length > 0 ? (['file'] as const) : []),
  ];
  return { known, knownFrom };
};

/** Evaluates a bundle on labelled faces. @throws ModelError labels-missing, split-missing, not-finite */
export const evaluateBundle = async (
  classifier: BundleClassifier,
  set: FaceSet,
  options: EvaluateOptions = {},
): Promise<BundleEvaluation> => {
  const { name, rows } = chooseRows(set, options.split);
  const part = selectRows(set, rows);
  if (part.labels.includes(UNLABELLED))
    throw new ModelError('labels-missing', { path: set.source, need: 'an evaluation' });
  const total = part.count * (options.tenCrop ? 11 : 1);
  let done = 0;
  const advance = (work: number) => (count: number) => {
    done += count * work;
    options.onProgress?.(done, total);
  };
  const logits = await runAll(part.pixels, (pixels) => classifier.logits(pixels), advance(1));
  const calibration = calibrationOf(classifier.manifest);
  const probabilities = calibrateRows(logits, calibration);
  if (!probabilities.every(Number.isFinite))
    throw new ModelError('not-finite', {
      path: classifier.contents.folder,
      seen: 'its readings of these pictures are no numbers',
    });
  const { conformalQuantilePpm: quantile, conformalCoveragePpm: target } = classifier.manifest.calibration;
  const evaluation = evaluateReadings({
    labels: part.labels,
    probabilities,
    uncalibrated: softmaxRows(logits),
    calibration,
    ...(quantile !== undefined && target !== undefined
      ? { conformal: { quantile: quantile / 1e6, target: target / 1e6 } }
      : {}),
  });
  const { known, knownFrom } = findTraining(classifier, set, rows);
  const fresh = Array.from({ length: part.count }, (_, row) => row).filter(
    (row) => !known.has(prefixOf(pixelsOf(part, row))),
  );
  const only = (values: Uint8Array): Uint8Array => Uint8Array.from(fresh, (row) => values[row]!);
  const leakFreeOf = (predicted: Uint8Array): CoreFigures | null =>
    knownFrom.length === 0 || fresh.length === 0 ? null : measureCore(only(part.labels), only(predicted));
  const leakFree = leakFreeOf(predictClasses(probabilities));
  const views: ViewMode = 'ten-crop';
  const crops = options.tenCrop
    ? predictClasses(
        await runAll(part.pixels, (pixels) => classifier.predictViews(pixels, views), advance(10)),
      )
    : undefined;
  return {
    type: 'testigo-evaluation',
    version: 1,
    modelVersion: classifier.modelVersion,
    source: set.source,
    split: name,
    ...evaluation,
    copies: part.count - fresh.length,
    leakFree: leakFree && { ...leakFree, removed: part.count - fresh.length, knownFrom },
    tenCrop: crops ? { ...measureCore(part.labels, crops), leakFree: leakFreeOf(crops) } : null,
  };
};
