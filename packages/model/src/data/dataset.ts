import { createHash } from 'node:crypto';
import {
  buildDatasetManifest,
  computeRoot,
  DATASET_PAYLOAD_TYPE,
  type DatasetStatement,
  type DsseEnvelope,
  datasetManifestDigest,
  encodeDatasetManifest,
  hashSample,
  keyPairOf,
  type Sample,
  signDsse,
  toHex,
} from '@testigo/trail';
import { LABELS } from '../labels.ts';
import { digestPixels } from './copies.ts';
import { type FaceSet, pixelsOf, SPLITS } from './face-set.ts';

export type DatasetOptions = {
  /** A token: lower-case letters, digits, ".", "_", ":" and "-". */
  readonly name: string;
  readonly licence: string;
  readonly sources: readonly string[];
  /** Seconds since 1970. */
  readonly collectedAt: number;
  /** Rows that train the model, in order; the Training split where not given. */
  readonly selection?: readonly number[];
};

/** A loaded set bound to its samples' digests, its RFC 6962 root and a manifest that a custodian signs. */
export type Dataset = {
  readonly samples: readonly Sample[];
  readonly size: number;
  /** Hex. */
  readonly root: string;
  readonly selectionRoot: string;
  readonly statement: DatasetStatement;
  readonly payload: Uint8Array;
  /** Hex SHA-256 of the payload: what is approved on chain. */
  readonly manifestDigest: string;
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const splitName = (set: FaceSet, row: number): string => SPLITS[set.splits[row]!]!.toLowerCase();

/** SHA-256 of the pixels as FER-2013 writes them: decimal, one space between. */
const digestPixelText = (pixels: Uint8Array): Uint8Array =>
  createHash('sha256').update(pixels.join(' ')).digest();

/** One sample a row. The same picture read from a CSV or from arrays gives the same sample. */
export const samplesOf = (set: FaceSet, { name, licence, sources }: DatasetOptions): Sample[] =>
  Array.from({ length: set.count }, (_, row) => {
    const pixels = pixelsOf(set, row);
    return {
      type: 'sample',
      version: 1,
      index: row,
      id: `${name}:${row}`,
      contentSha256: hex(set.contentDigests?.[row] ?? digestPixelText(pixels)),
      pixelsSha256: hex(digestPixels(pixels)),
      label: LABELS[set.labels[row]!] ?? 'none',
      split: splitName(set, row),
      source: sources[0]!,
      licence,
    };
  });

const countSplits = (set: FaceSet): Record<string, Record<string, number>> => {
  const splits: Record<string, Record<string, number>> = {};
  for (let row = 0; row < set.count; row++) {
    const split = splitName(set, row);
    const counts = splits[split] ?? {};
    splits[split] = counts;
    const label = LABELS[set.labels[row]!] ?? 'none';
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return splits;
};

export const describeDataset = (set: FaceSet, options: DatasetOptions): Dataset => {
  const samples = samplesOf(set, options);
  const leaves = samples.map(hashSample);
  const training =
    options.selection ?? samples.flatMap((sample) => (sample.split === 'training' ? [sample.index] : []));
  const root = toHex(computeRoot(leaves));
  const selectionRoot = toHex(computeRoot(training.map((row) => leaves[row]!)));
  const { name, licence, sources, collectedAt } = options;
  const statement = buildDatasetManifest({
    name,
    root,
    size: samples.length,
    labels: [...LABELS],
    splits: countSplits(set),
    selection: { root: selectionRoot, size: training.length },
    licence,
    sources: [...sources],
    collectedAt,
  });
  const payload = encodeDatasetManifest(statement);
  return {
    samples,
    size: samples.length,
    root,
    selectionRoot,
    statement,
    payload,
    manifestDigest: toHex(datasetManifestDigest(payload)),
  };
};

/** The dataset manifest in a DSSE envelope, signed by its custodian (Ed25519). */
export const signDataset = (dataset: Dataset, custodianSecretKey: Uint8Array): DsseEnvelope =>
  signDsse(DATASET_PAYLOAD_TYPE, dataset.payload, custodianSecretKey);

export const publicKeyOf = (secretKey: Uint8Array): Uint8Array => keyPairOf(secretKey).publicKey;
