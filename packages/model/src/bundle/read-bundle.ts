import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ModelManifest, modelVersionOf, parseDsse, parseModelManifest, toHex } from '@testigo/trail';
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { LABELS } from '../labels.ts';
import type { LayersModel } from './layers.ts';
import type { InputForm } from './onnx/to-onnx.ts';
import { decodeWeights, weightsManifestSchema } from './weights.ts';

const modelJsonSchema = z.object({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: weightsManifestSchema,
  userDefinedMetadata: z.object({
    input: z.object({ size: z.int().min(8).max(48), mean: z.number(), std: z.number().positive() }),
    precision: z.enum(['float32', 'float16', 'int8']),
    network: z.record(z.string(), z.unknown()).optional(),
  }),
});

/** A bundle read and checked, not yet loaded into an engine. */
export type BundleContents = {
  readonly folder: string;
  readonly manifest: ModelManifest;
  readonly manifestBytes: Uint8Array;
  /** Hex SHA-256 of the manifest. */
  readonly modelVersion: string;
  readonly network: LayersModel;
  readonly input: InputForm;
  /** How to build the network again, where the bundle says so. */
  readonly networkSpec: object | null;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The signed dataset manifest as it lies there; whose signature counts is the reader's to say. */
  readonly datasetEnvelope: string;
};

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Reads a bundle and verifies every byte against its manifest's digests, the dataset envelope's payload included.
 * @throws ModelError bundle-not-found, bundle-manifest, bundle-labels, bundle-digest, bundle-topology
 */
export const readBundle = (folder: string): BundleContents => {
  const manifestPath = join(folder, 'manifest.json');
  if (!existsSync(manifestPath)) {
    throw new ModelError('bundle-not-found', {
      path: folder,
      seen: existsSync(folder) ? 'no manifest.json in it' : 'no such folder',
    });
  }
  const manifestBytes = new Uint8Array(readFileSync(manifestPath));
  const manifest = readManifest(manifestBytes, manifestPath);
  checkLabels(manifest, manifestPath);
  const files = new Map(
    manifest.files.map((file) => [file.name, readVerified(join(folder, file.name), file)]),
  );
  const datasetEnvelope = readEnvelope(join(folder, 'dataset.dsse.json'), manifest.dataset.manifest);
  const { network, input, networkSpec } = readNetwork(files, folder);
  return {
    folder,
    manifest,
    manifestBytes,
    modelVersion: toHex(modelVersionOf(manifestBytes)),
    network,
    input,
    networkSpec,
    files,
    datasetEnvelope,
  };
};

const readManifest = (bytes: Uint8Array, path: string): ModelManifest => {
  try {
    return parseModelManifest(bytes);
  } catch (cause) {
    throw new ModelError('bundle-manifest', { path, seen: describe(cause) }, { cause });
  }
};

const checkLabels = ({ labels }: ModelManifest, path: string): void => {
  const [seen, expected] = [labels.join(', '), LABELS.join(', ')];
  if (seen !== expected) throw new ModelError('bundle-labels', { path, seen, expected });
};

const readVerified = (
  path: string,
  expected: { readonly bytes: number; readonly sha256: string },
): Uint8Array => {
  if (!existsSync(path))
    throw new ModelError('bundle-not-found', { path, seen: 'the manifest names it, it is not there' });
  const size = statSync(path).size;
  if (size > 1 << 30)
    throw new ModelError('bundle-digest', { path, seen: `(${size} bytes)`, expected: expected.sha256 });
  const bytes = new Uint8Array(readFileSync(path));
  checkDigest(bytes, path, expected.sha256);
  return bytes;
};

const checkDigest = (bytes: Uint8Array, path: string, expected: string): void => {
  const seen = createHash('sha256').update(bytes).digest('hex');
  if (seen !== expected) throw new ModelError('bundle-digest', { path, seen, expected });
};

const readEnvelope = (path: string, manifestDigest: string): string => {
  if (!existsSync(path))
    throw new ModelError('bundle-not-found', { path, seen: 'the signed dataset manifest is missing' });
  const text = readFileSync(path, 'utf8');
  let payload: Uint8Array;
  try {
    payload = Buffer.from(parseDsse(JSON.parse(text)).payload, 'base64');
  } catch (cause) {
    throw new ModelError('bundle-manifest', { path, seen: describe(cause) }, { cause });
  }
  checkDigest(payload, path, manifestDigest);
  return text;
};

const readNetwork = (
  files: ReadonlyMap<string, Uint8Array>,
  folder: string,
): Pick<BundleContents, 'network' | 'input' | 'networkSpec'> => {
  const path = join(folder, 'model.json');
  const json = files.get('model.json');
  const weights = files.get('weights.bin');
  if (!json || !weights)
    throw new ModelError('bundle-topology', {
      path,
      seen: 'the manifest names no model.json or weights.bin',
    });
  try {
    const parsed = modelJsonSchema.parse(JSON.parse(new TextDecoder().decode(json)));
    const tensors = decodeWeights(parsed.weightsManifest[0]!.weights, weights, join(folder, 'weights.bin'));
    const { input, network = null } = parsed.userDefinedMetadata;
    return { network: { topology: parsed.modelTopology, weights: tensors }, input, networkSpec: network };
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError('bundle-topology', { path, seen: describe(cause) }, { cause });
  }
};
