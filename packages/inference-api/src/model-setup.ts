import {
  calibrationOf,
  type InputProfile,
  preprocessingDigest,
  readBundle,
  readInputProfile,
  shippedBundle,
  toOnnx,
} from '@testigo/model';
import type { ApiConfig } from './config.ts';
import { ApiError } from './errors.ts';
import { findProtectedTraits } from './policy/rules.ts';
import type { ReaderSetup } from './reading/reader-messages.ts';
import type { Provenance } from './records/drafts.ts';
import type { ModelEvidence } from './records/model-archive.ts';

export type OpenModel = {
  readonly modelVersion: string;
  readonly provenance: Omit<Provenance, 'policy' | 'build'>;
  /** For the threads that read. */
  readonly network: ReaderSetup['model'];
  readonly evidence: ModelEvidence;
  /** Of its training pictures, where the bundle has one. */
  readonly inputProfile: InputProfile | undefined;
};

/**
 * Reads a model bundle, every digest verified.
 * @throws ModelError where the bundle is not what its manifest says; Error where it wants other preprocessing
 */
export const openModel = (config: ApiConfig['model']): OpenModel => {
  const contents = readBundle(config.bundleDir ?? shippedBundle());
  const { manifest, modelVersion, network, input } = contents;
  if (manifest.preprocessing !== preprocessingDigest())
    throw new Error(
      `model ${modelVersion} was trained for other preprocessing than this service does: use a matching release`,
    );
  const traits = findProtectedTraits(manifest.labels);
  if (traits.length > 0)
    throw new ApiError('protected-trait', `model ${modelVersion} has the labels ${traits.join(', ')}`);
  return {
    modelVersion,
    provenance: {
      modelVersion,
      datasetRoot: manifest.dataset.root,
      datasetSize: manifest.dataset.size,
      preprocessing: manifest.preprocessing,
    },
    network: {
      onnx: toOnnx(network, { input, calibration: calibrationOf(manifest), name: manifest.name }),
      threads: config.threads,
      labels: manifest.labels,
      conformalQuantilePpm: manifest.calibration.conformalQuantilePpm,
    },
    evidence: { modelVersion, manifest: contents.manifestBytes, datasetEnvelope: contents.datasetEnvelope },
    inputProfile: readInputProfile(contents.files),
  };
};
