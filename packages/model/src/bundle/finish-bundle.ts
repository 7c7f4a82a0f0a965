import { randomBytes } from 'node:crypto';
import type { ModelManifest } from '@testigo/trail';
import { encodePrefixes, prefixesOf } from '../data/copies.ts';
import { type DatasetOptions, describeDataset, publicKeyOf, signDataset } from '../data/dataset.ts';
import { type FaceSet, selectRows } from '../data/face-set.ts';
import { calibrate } from '../evaluation/calibrate.ts';
import { type BundleEvaluation, evaluateBundle } from '../evaluation/evaluate-bundle.ts';
import { decodeReference, REFERENCE_FILE, type ReferenceReadings } from '../evidence/reference.ts';
import { encodeReferenceHead, learnReferenceHead, REFERENCE_HEAD_FILE } from '../evidence/reference-head.ts';
import { type CardFacts, renderCard } from '../runs/model-card.ts';
import { loadClassifier } from './classifier.ts';
import { encodeInputProfile, INPUT_PROFILE_FILE, profileInputs } from './input-profile.ts';
import type { LayersModel } from './layers.ts';
import type { InputForm } from './onnx/to-onnx.ts';
import { assembleBundle, type BundleParts, saveBundle } from './save-bundle.ts';
import type { Precision } from './weights.ts';

export type FinishRequest = {
  readonly folder: string;
  readonly name: string;
  readonly architecture: string;
  readonly network: LayersModel;
  readonly input: InputForm;
  /** How to build the network again, for fine-tuning. */
  readonly networkSpec?: object;
  readonly precision: Precision;
  readonly set: FaceSet;
  readonly dataset: Omit<DatasetOptions, 'selection'>;
  /** Rows of `set` that trained the network. */
  readonly trainRows: readonly number[];
  /** Digest prefixes of pictures that trained the networks it began from or learnt from. */
  readonly trainedBefore?: ReadonlySet<string>;
  /** Rows that did not, to fit temperature and conformal quantile on; or a calibration fitted elsewhere. */
  readonly calibration:
    | { readonly rows: readonly number[]; readonly labelSmoothing: number }
    | ModelManifest['calibration'];
  /** Rows to report on, all of one split's name; null for no report. */
  readonly test: { readonly rows: readonly number[]; readonly name: string } | null;
  readonly tenCrop?: boolean;
  readonly training: BundleParts['training'];
  /** Ed25519 secret key of the dataset's custodian; a fresh one, then forgotten, where not given. */
  readonly custodianSecretKey?: Uint8Array;
  readonly facts: CardFacts;
  /**
   * `reference.bin`: out-of-fold readings of the training pictures, for evidence; they tell the training pictures too. Its head
   * learns from these rounded readings, so that a bundle made again from the stored file is the same.
   */
  readonly reference?: Uint8Array;
  /** transcript.json, whose head `training.transcript` is. */
  readonly transcript?: Uint8Array;
  readonly onProgress?: (done: number, total: number) => void;
};

export type FinishedBundle = {
  readonly modelVersion: string;
  readonly evaluation: BundleEvaluation | null;
  readonly card: string;
};

const TRANSCRIPT_FILE = 'transcript.json';
const ppm = (value: number): number => Math.round(value * 1e6);

/** Headline figures of an evaluation, as a manifest names them. */
export const headlineOf = (evaluation: BundleEvaluation): Record<string, number> => {
  const split = evaluation.split.toLowerCase();
  return {
    [`${split}.accuracy`]: ppm(evaluation.accuracy),
    [`${split}.macro-f1`]: ppm(evaluation.macroF1),
    [`${split}.ece-15`]: ppm(evaluation.ece),
    ...(evaluation.leakFree ? { [`${split}.leak-free-accuracy`]: ppm(evaluation.leakFree.accuracy) } : {}),
    ...(evaluation.tenCrop ? { [`${split}.ten-crop-accuracy`]: ppm(evaluation.tenCrop.accuracy) } : {}),
  };
};

const fitCalibration = async (
  parts: BundleParts,
  set: FaceSet,
  { rows, labelSmoothing }: { readonly rows: readonly number[]; readonly labelSmoothing: number },
): Promise<ModelManifest['calibration']> => {
  if (rows.length === 0) return parts.calibration;
  const classifier = await loadClassifier(assembleBundle(parts).contents, { threads: 2 });
  const held = selectRows(set, rows);
  const logits = await classifier.logits(held.pixels);
  await classifier.close();
  return calibrate(logits, held.labels, labelSmoothing);
};

const measure = async (parts: BundleParts, request: FinishRequest): Promise<BundleEvaluation | null> => {
  if (!request.test) return null;
  const classifier = await loadClassifier(assembleBundle(parts).contents, { threads: 2 });
  const set = { ...selectRows(request.set, request.test.rows), source: request.dataset.name };
  const { onProgress, tenCrop = false } = request;
  const evaluation = await evaluateBundle(classifier, set, {
    split: 'all',
    tenCrop,
    ...(onProgress ? { onProgress } : {}),
  });
  await classifier.close();
  return { ...evaluation, split: request.test.name };
};

const fitReferenceHead = async (
  parts: BundleParts,
  { set, trainRows }: FinishRequest,
  reference: ReferenceReadings,
): Promise<BundleParts['extras']> => {
  if (reference.size === 0) return {};
  const classifier = await loadClassifier(assembleBundle(parts).contents, { threads: 2 });
  const head = await learnReferenceHead(classifier, set, trainRows, reference);
  await classifier.close();
  return { [REFERENCE_HEAD_FILE]: { role: 'reference-head', bytes: encodeReferenceHead(head) } };
};

/** Whether the reference readings name every training picture already. */
const isCovered = (trained: ReadonlySet<string>, reference: ReferenceReadings): boolean =>
  trained.size > 0 && [...trained].every((prefix) => reference.has(prefix));

/**
 * From trained weights to a finished bundle: rounds them to the asked precision, calibrates on held-out rows, fits
 * the head that reads evidence, measures on test rows, binds and signs the dataset, writes the card. All figures are of the weights as stored.
 */
export const finishBundle = async (request: FinishRequest): Promise<FinishedBundle> => {
  const { set, trainRows, facts } = request;
  const dataset = describeDataset(set, { ...request.dataset, selection: trainRows });
  const secretKey = request.custodianSecretKey ?? new Uint8Array(randomBytes(32));
  const trained = new Set([...prefixesOf(set, trainRows), ...(request.trainedBefore ?? [])]);
  const reference = decodeReference(request.reference ?? new Uint8Array());
  const isFitted = !('rows' in request.calibration);
  const draft: BundleParts = {
    name: request.name,
    architecture: request.architecture,
    network: request.network,
    input: request.input,
    ...(request.networkSpec ? { networkSpec: request.networkSpec } : {}),
    precision: request.precision,
    training: request.training,
    dataset,
    envelope: signDataset(dataset, secretKey),
    custodianKey: publicKeyOf(secretKey),
    evaluation: {},
    calibration: 'rows' in request.calibration ? { temperaturePpm: 1_000_000 } : request.calibration,
    card: '',
    extras: {
      ...(request.transcript
        ? { [TRANSCRIPT_FILE]: { role: 'training-transcript', bytes: request.transcript } }
        : {}),
      [INPUT_PROFILE_FILE]: {
        role: 'input-profile',
        bytes: encodeInputProfile(profileInputs(set, trainRows)),
      },
      ...(request.reference
        ? { [REFERENCE_FILE]: { role: 'reference-readings', bytes: request.reference } }
        : {}),
    },
    ...(isCovered(trained, reference) ? {} : { trainingDigests: encodePrefixes(trained) }),
  };
  const calibration =
    'rows' in request.calibration ? await fitCalibration(draft, set, request.calibration) : draft.calibration;
  const extras = { ...draft.extras, ...(await fitReferenceHead(draft, request, reference)) };
  const parts = { ...draft, calibration, extras };
  const evaluation = await measure(parts, request);
  const calibrationRows = isFitted || !('rows' in request.calibration) ? 0 : request.calibration.rows.length;
  const card = renderCard({ parts, evaluation, statement: dataset.statement, calibrationRows, facts });
  const modelVersion = saveBundle(request.folder, {
    ...parts,
    card,
    evaluation: evaluation ? headlineOf(evaluation) : {},
    extras: {
      ...parts.extras,
      ...(evaluation ? { 'evaluation.json': { role: 'evaluation', bytes: reportOf(evaluation) } } : {}),
    },
  });
  return { modelVersion, evaluation: evaluation && { ...evaluation, modelVersion }, card };
};

/** The report names no model version: it is itself part of what the version is the digest of. */
const reportOf = ({ modelVersion: _, ...evaluation }: BundleEvaluation): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(evaluation, null, 1)}\n`);
