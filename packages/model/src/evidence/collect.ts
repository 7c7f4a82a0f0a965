import type { BundleClassifier } from '../bundle/classifier.ts';
import { cutViews, mirrorViews } from '../bundle/views.ts';
import { prefixOf } from '../data/copies.ts';
import { type FaceSet, pixelsOf } from '../data/face-set.ts';
import { encodeHalves } from '../float16.ts';
import { CLASS_COUNT, FACE_SIZE } from '../labels.ts';
import { embedAll } from './embed.ts';
import { type Evidence, floatArray } from './evidence-file.ts';
import { measureMargins } from './fake-class.ts';
import { assignFolds, digestRows, rowsWhere } from './folds.ts';
import {
  addHeadProbabilities,
  lossOf,
  measureScale,
  standardise,
  targetsOf,
  trainHead,
} from './linear-head.ts';
import { decodeReference, REFERENCE_FILE, type ReferenceReadings } from './reference.ts';
import { decodeReferenceHead, REFERENCE_HEAD_FILE } from './reference-head.ts';

export type EvidenceOptions = {
  readonly seed: string;
  readonly folds: number;
  readonly epochs: number;
  /** Hex root of the set, where known. */
  readonly datasetRoot: string;
  readonly onProgress?: (done: number, total: number, note: string) => void;
};

/** Loss of the first epochs is kept: poison is learnt early (Li et al. 2021). */
export const LOSS_EPOCHS = 3;

const readReference = (classifier: BundleClassifier): ReferenceReadings => {
  const file = classifier.contents.files.get(REFERENCE_FILE);
  return file ? decodeReference(file) : new Map();
};

const MIRRORED = mirrorViews(FACE_SIZE).filter((view) => view.isMirrored);

/**
 * What the bundle's reference head says of every row, mean over views: the head and the network behind its embeddings
 * saw neither the row nor its label, unless the row is a training picture. Undefined where the bundle has no such head.
 */
const readByReferenceHead = (
  classifier: BundleClassifier,
  views: readonly Float32Array[],
  width: number,
): Float32Array | undefined => {
  const file = classifier.contents.files.get(REFERENCE_HEAD_FILE);
  if (!file) return undefined;
  const head = decodeReferenceHead(file, width);
  const rows = Uint32Array.from({ length: views[0]!.length / width }, (_, row) => row);
  const probabilities = new Float32Array(rows.length * CLASS_COUNT);
  for (const values of views)
    addHeadProbabilities(head, { values, width }, rows, probabilities, 1 / views.length);
  return probabilities;
};

/**
 * Puts the reference reading of every known picture in place of a head's: the embedding of a picture that trained
 * the bundle knows its label, the networks behind the reference never saw it. Returns a mark for each row.
 */
const applyReference = (
  reference: ReferenceReadings,
  set: FaceSet,
  probabilities: Float32Array,
): Uint8Array =>
  Uint8Array.from({ length: set.count }, (_, row) => {
    const known = reference.get(prefixOf(pixelsOf(set, row)));
    if (known) probabilities.set(known, row * CLASS_COUNT);
    return known ? 1 : 0;
  });

/**
 * Evidence without a GPU: the bundle's embeddings of every row and of its mirror image, and for each fold a linear
 * head trained on the other folds' labels, so that no head judges a label that it has learnt. A row's probabilities
 * come from the bundle's reference readings where it was trained on the picture, else from its reference head, else
 * from the heads of this file. They say less than networks trained out of fold do: where the bundle was trained on a
 * row, its embedding knows that row's label already. The file's kind says which it is.
 */
export const collectHeadEvidence = async (
  classifier: BundleClassifier,
  set: FaceSet,
  options: EvidenceOptions,
): Promise<Evidence> => {
  const { folds, seed, epochs } = options;
  const total = set.count * (2 + folds + 1);
  let done = 0;
  const advance = (note: string) => (rows: number) => {
    done += rows;
    options.onProgress?.(done, total, note);
  };
  const own = await embedAll(classifier, set.pixels, advance('embeddings'));
  const mirrored = await embedAll(
    classifier,
    cutViews(set.pixels, FACE_SIZE, MIRRORED),
    advance('mirrored embeddings'),
  );
  const width = own.length / set.count;
  const scale = measureScale(own, width); // both views share one space
  const views = [own, mirrored].map((values) => standardise(values, scale));
  const fold = assignFolds(set, folds);
  const targets = targetsOf(set.labels);
  const headProbabilities = new Float32Array(set.count * CLASS_COUNT);
  const loss = new Float32Array(LOSS_EPOCHS * set.count);
  for (let held = 0; held < folds; held++) {
    const head = trainHead(
      views[0]!,
      targets,
      rowsWhere(fold, (f) => f !== held),
      {
        seed: `${seed}:${held}`,
        epochs,
        onRow: (epoch, row, scores) => {
          if (epoch < LOSS_EPOCHS)
            loss[epoch * set.count + row]! += lossOf(scores, set.labels[row]!) / (folds - 1);
        },
      },
    );
    const rows = rowsWhere(fold, (f) => f === held);
    for (const view of views) addHeadProbabilities(head, view, rows, headProbabilities, 1 / views.length);
    advance(`fold ${held + 1} of ${folds}`)(set.count);
  }
  const { margin, fakeMargin } = measureMargins(views[0]!, set.labels, { seed, epochs });
  advance('margins')(set.count);
  const referred = readByReferenceHead(classifier, [own, mirrored], width);
  const probabilities = referred ?? headProbabilities.slice();
  const known = applyReference(readReference(classifier), set, probabilities);
  const knownCount = known.reduce((sum, mark) => sum + mark, 0);
  const { manifest, modelVersion } = classifier;
  return {
    header: {
      type: 'testigo-evidence',
      version: 1,
      kind: 'out-of-fold-heads',
      rows: set.count,
      classes: 7,
      folds,
      seed,
      rowsSha256: digestRows(set),
      datasetRoot: options.datasetRoot,
      modelVersion,
      network: `${manifest.architecture} embeddings (${width}), linear heads, ${epochs} epochs, mean of picture and mirror image; reference readings for ${knownCount} rows${referred ? ', a reference head for the others' : ''}`,
    },
    arrays: {
      probabilities: floatArray(probabilities, [set.count, CLASS_COUNT]),
      headProbabilities: floatArray(headProbabilities, [set.count, CLASS_COUNT]),
      reference: { dtype: 'u8', shape: [set.count], bytes: known },
      fold: { dtype: 'u8', shape: [set.count], bytes: fold },
      embeddings: { dtype: 'f16', shape: [set.count, width], bytes: encodeHalves(own) },
      margin: floatArray(margin, [set.count]),
      fakeMargin: floatArray(fakeMargin, [fakeMargin.length]),
      loss: floatArray(loss, [LOSS_EPOCHS, set.count]),
    },
  };
};
