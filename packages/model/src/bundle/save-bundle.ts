import { createHash } from 'node:crypto';
import {
  type CanonicalValue,
  type DsseEnvelope,
  encodeCanonical,
  encodeModelManifest,
  type ModelManifest,
  modelVersionOf,
  toHex,
} from '@testigo/trail';
import type { Dataset } from '../data/dataset.ts';
import { LABELS } from '../labels.ts';
import { preprocessingBytes, preprocessingDigest } from '../preprocessing.ts';
import { writeFolderAtomically } from './atomic-folder.ts';
import { countParameters, type LayersModel } from './layers.ts';
import type { InputForm } from './onnx/to-onnx.ts';
import type { BundleContents } from './read-bundle.ts';
import { decodeWeights, encodeWeights, type Precision } from './weights.ts';

export type BundleParts = {
  readonly name: string;
  readonly architecture: string;
  readonly network: LayersModel;
  readonly input: InputForm;
  /** How to build the network again, for fine-tuning. */
  readonly networkSpec?: object;
  readonly precision: Precision;
  /** The dataset it was trained on, its signed manifest and the custodian's Ed25519 public key. */
  readonly dataset: Pick<Dataset, 'root' | 'selectionRoot' | 'manifestDigest' | 'size'>;
  readonly envelope: DsseEnvelope;
  readonly custodianKey: Uint8Array;
  readonly training: {
    /** Everything that, with the data and the seed, determines the run. */
    readonly config: CanonicalValue;
    readonly seed: number;
    readonly epochs: number;
    readonly backend: string;
    readonly transcript?: string;
    readonly trainedAt: number;
  };
  /** Headline figures in millionths. */
  readonly evaluation: Readonly<Record<string, number>>;
  readonly calibration: ModelManifest['calibration'];
  readonly card: string;
  /** Digest prefixes of the training pictures, for leak-free evaluation. */
  readonly trainingDigests?: Uint8Array;
  /** Further files by name, for instance a fuller evaluation. */
  readonly extras?: Readonly<Record<string, { readonly role: string; readonly bytes: Uint8Array }>>;
};

type BundleFile = { readonly role: string; readonly bytes: Uint8Array };
const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const modelJson = (parts: BundleParts, specs: readonly object[]): Uint8Array =>
  utf8(
    `${JSON.stringify({
      format: 'layers-model',
      generatedBy: 'testigo',
      convertedBy: null,
      modelTopology: parts.network.topology,
      weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
      userDefinedMetadata: {
        input: parts.input,
        precision: parts.precision,
        ...(parts.networkSpec ? { network: parts.networkSpec } : {}),
      },
    })}\n`,
  );

const collectFiles = (parts: BundleParts, config: Uint8Array): Record<string, BundleFile> => {
  const { specs, bytes } = encodeWeights(parts.network.weights, parts.precision);
  return {
    'model.json': { role: 'topology', bytes: modelJson(parts, specs) },
    'weights.bin': { role: 'weights', bytes },
    'preprocessing.json': { role: 'preprocessing', bytes: preprocessingBytes() },
    'training.json': { role: 'training-config', bytes: config },
    'custodian.pub': { role: 'custodian-key', bytes: utf8(`${toHex(parts.custodianKey)}\n`) },
    'card.md': { role: 'card', bytes: utf8(parts.card) },
    ...(parts.trainingDigests
      ? { 'training-digests.bin': { role: 'training-digests', bytes: parts.trainingDigests } }
      : {}),
    ...parts.extras,
  };
};

/** A bundle in memory: what will be on disk, and what a reader of it would see. */
export type AssembledBundle = {
  readonly contents: BundleContents;
  readonly onDisk: Readonly<Record<string, Uint8Array>>;
};

/** Makes every file of a bundle without writing any. @throws TrailError bad-manifest */
export const assembleBundle = (parts: BundleParts): AssembledBundle => {
  const { training, dataset } = parts;
  const config = encodeCanonical(training.config);
  const files = collectFiles(parts, config);
  const manifest: ModelManifest = {
    type: 'testigo.model',
    version: 1,
    name: parts.name,
    architecture: parts.architecture,
    parameters: countParameters(parts.network.weights),
    files: Object.entries(files).map(([name, { role, bytes }]) => ({
      name,
      role,
      bytes: bytes.length,
      sha256: sha256Hex(bytes),
    })),
    labels: [...LABELS],
    preprocessing: preprocessingDigest(),
    dataset: {
      root: dataset.root,
      size: dataset.size,
      manifest: dataset.manifestDigest,
      selection: dataset.selectionRoot,
    },
    training: {
      config: sha256Hex(config),
      seed: training.seed,
      epochs: training.epochs,
      backend: training.backend,
      ...(training.transcript ? { transcript: training.transcript } : {}),
      trainedAt: training.trainedAt,
    },
    evaluation: { ...parts.evaluation },
    calibration: parts.calibration,
  };
  const manifestBytes = encodeModelManifest(manifest);
  const contents = Object.fromEntries(Object.entries(files).map(([name, { bytes }]) => [name, bytes]));
  const datasetEnvelope = `${JSON.stringify(parts.envelope)}\n`;
  const { specs, bytes } = encodeWeights(parts.network.weights, parts.precision);
  return {
    onDisk: { ...contents, 'dataset.dsse.json': utf8(datasetEnvelope), 'manifest.json': manifestBytes },
    contents: {
      folder: '(in memory)',
      manifest,
      manifestBytes,
      modelVersion: toHex(modelVersionOf(manifestBytes)),
      network: { ...parts.network, weights: decodeWeights(specs, bytes) },
      input: parts.input,
      networkSpec: parts.networkSpec ?? null,
      files: new Map(Object.entries(contents)),
      datasetEnvelope,
    },
  };
};

/** Writes a model bundle; nothing half-written is ever at `folder`. Returns its model version (hex). */
export const saveBundle = (folder: string, parts: BundleParts): string => {
  const { contents, onDisk } = assembleBundle(parts);
  writeFolderAtomically(folder, onDisk, 'manifest.json');
  return contents.modelVersion;
};
