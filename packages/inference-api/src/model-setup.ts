import { openBundle, preprocessingDigest, shippedBundle } from '@testigo/model';
import type { ApiConfig } from './config.ts';
import { ApiError } from './errors.ts';
import { findProtectedTraits } from './policy/rules.ts';
import type { EmotionClassifier } from './reading/read-emotion.ts';
import type { Provenance } from './records/drafts.ts';
import type { ModelEvidence } from './records/model-archive.ts';

export type OpenModel = {
  readonly modelVersion: string;
  readonly provenance: Omit<Provenance, 'policy' | 'build'>;
  readonly classifier: EmotionClassifier;
  readonly evidence: ModelEvidence;
  close(): Promise<void>;
};

/**
 * Opens a model bundle, every digest verified.
 * @throws ModelError where the bundle is not what its manifest says; Error where it wants other preprocessing
 */
export const openModel = async (config: ApiConfig['model']): Promise<OpenModel> => {
  const bundle = await openBundle(config.bundleDir ?? shippedBundle(), { threads: config.threads });
  const { manifest, modelVersion, contents } = bundle;
  if (manifest.preprocessing !== preprocessingDigest()) {
    await bundle.close();
    throw new Error(
      `model ${modelVersion} was trained for other preprocessing than this service does: use a matching release`,
    );
  }
  const traits = findProtectedTraits(manifest.labels);
  if (traits.length > 0) {
    await bundle.close();
    throw new ApiError('protected-trait', `model ${modelVersion} has the labels ${traits.join(', ')}`);
  }
  return {
    modelVersion,
    provenance: {
      modelVersion,
      datasetRoot: manifest.dataset.root,
      datasetSize: manifest.dataset.size,
      preprocessing: manifest.preprocessing,
    },
    classifier: {
      labels: manifest.labels,
      conformalQuantilePpm: manifest.calibration.conformalQuantilePpm,
      predict: (pixels) => bundle.predict(pixels),
    },
    evidence: { modelVersion, manifest: contents.manifestBytes, datasetEnvelope: contents.datasetEnvelope },
    close: () => bundle.close(),
  };
};
