import type { FaceSet } from '../data/face-set.ts';
import { encodeHalves } from '../float16.ts';
import { CLASS_COUNT } from '../labels.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { TrainingConfig } from '../training/config.ts';
import { LOSS_EPOCHS } from './collect.ts';
import { type Evidence, floatArray } from './evidence-file.ts';
import { assignFolds, digestRows, rowsWhere } from './folds.ts';
import type { FoldJob, FoldReadings } from './network-fold.ts';

export type NetworkEvidenceOptions = {
  readonly seed: string;
  readonly folds: number;
  readonly spec: NetworkSpec;
  readonly config: TrainingConfig;
  /** Hex root of the set, where known. */
  readonly datasetRoot: string;
};

/** The networks to train: one a fold, on the other folds' rows, and last one on all rows, for embeddings. */
export const planNetworks = (
  set: FaceSet,
  { folds, seed, spec, config }: NetworkEvidenceOptions,
): FoldJob[] => {
  const fold = assignFolds(set, folds);
  const all = rowsWhere(fold, () => true);
  return [
    ...Array.from({ length: folds }, (_, held) => ({
      ...{ spec, config: { ...config, seed: `${seed}:${held}` } },
      trained: rowsWhere(fold, (f) => f !== held),
      judged: rowsWhere(fold, (f) => f === held),
    })),
    { spec, config: { ...config, seed: `${seed}:whole` }, trained: all, judged: all },
  ];
};

/**
 * Evidence of networks that were trained from nothing: a row's probabilities come from one that never saw the row,
 * its margin and early losses from those that were trained on it, embeddings and own probabilities from one that was
 * trained on every row.
 */
export const joinNetworks = (
  set: FaceSet,
  options: NetworkEvidenceOptions,
  jobs: readonly FoldJob[],
  readings: readonly FoldReadings[],
): Evidence => {
  const { folds, seed, spec, config } = options;
  const probabilities = new Float32Array(set.count * CLASS_COUNT);
  const margin = new Float32Array(set.count);
  const loss = new Float32Array(LOSS_EPOCHS * set.count);
  for (let held = 0; held < folds; held++) {
    const { judged, trained } = jobs[held]!;
    const seen = readings[held]!;
    judged.forEach((row, i) => {
      const scores = seen.probabilities.subarray(i * CLASS_COUNT, (i + 1) * CLASS_COUNT);
      probabilities.set(scores, row * CLASS_COUNT);
    });
    trained.forEach((row, i) => {
      margin[row]! += seen.margin[i]! / (folds - 1);
      for (let epoch = 0; epoch < LOSS_EPOCHS; epoch++)
        loss[epoch * set.count + row]! += seen.loss[epoch * trained.length + i]! / (folds - 1);
    });
  }
  const whole = readings[folds]!;
  const width = whole.embeddings.length / set.count;
  return {
    header: {
      ...{ type: 'testigo-evidence', version: 1, kind: 'out-of-fold-networks', rows: set.count, classes: 7 },
      ...{ folds, seed, rowsSha256: digestRows(set), datasetRoot: options.datasetRoot, modelVersion: '' },
      network: `${spec.name}, ${config.epochs} epochs, ${folds} networks out of fold and one on all rows; mean of picture and mirror image`,
    },
    arrays: {
      probabilities: floatArray(probabilities, [set.count, CLASS_COUNT]),
      fold: { dtype: 'u8', shape: [set.count], bytes: assignFolds(set, folds) },
      embeddings: { dtype: 'f16', shape: [set.count, width], bytes: encodeHalves(whole.embeddings) },
      ownProbabilities: floatArray(whole.probabilities, [set.count, CLASS_COUNT]),
      margin: floatArray(margin, [set.count]),
      loss: floatArray(loss, [LOSS_EPOCHS, set.count]),
    },
  };
};
