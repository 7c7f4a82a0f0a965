// A dataset of four leaves (one of them a correction), its manifest, and a model manifest, for tests and vectors.
import {
  buildDatasetManifest,
  computeRoot,
  type DatasetStatement,
  datasetRootOf,
  encodeDatasetManifest,
  hashSample,
  type ModelManifest,
  type Sample,
  selectLiveSamples,
  sha256,
  toHex,
  utf8,
} from '../src/index.ts';

const digestOf = (text: string): string => toHex(sha256(utf8(text)));

const sample = (index: number, label: string, split: string): Sample => ({
  type: 'sample',
  version: 1,
  index,
  id: `example:${index}`,
  contentSha256: digestOf(`content ${index}`),
  pixelsSha256: digestOf(`pixels ${index}`),
  label,
  split,
  source: 'example',
  licence: 'cc0-1.0',
});

export const SAMPLES: readonly Sample[] = [
  sample(0, 'angry', 'training'),
  sample(1, 'happy', 'training'),
  sample(2, 'happy', 'test'),
  { ...sample(3, 'sad', 'training'), id: 'example:1', supersedes: 1 },
];

const training = selectLiveSamples(SAMPLES).filter(({ split }) => split === 'training');

export const DATASET: DatasetStatement = buildDatasetManifest({
  name: 'example-faces',
  root: toHex(datasetRootOf(SAMPLES)),
  size: SAMPLES.length,
  labels: ['angry', 'happy', 'sad'],
  splits: { training: { angry: 1, sad: 1 }, test: { happy: 1 } },
  selection: { root: toHex(computeRoot(training.map(hashSample))), size: training.length },
  licence: 'cc0-1.0',
  sources: ['example'],
  collectedAt: 1_780_000_000,
});

export const MODEL: ModelManifest = {
  type: 'testigo.model',
  version: 1,
  name: 'example-model',
  architecture: 'mini-cnn',
  parameters: 1_234,
  files: [{ name: 'weights.bin', role: 'weights', bytes: 4_936, sha256: digestOf('weights') }],
  labels: ['angry', 'happy', 'sad'],
  preprocessing: digestOf('preprocessing'),
  dataset: {
    root: DATASET.subject[0].digest['rfc6962-sha256'],
    size: SAMPLES.length,
    manifest: toHex(sha256(encodeDatasetManifest(DATASET))),
    selection: DATASET.predicate.selection.root,
  },
  training: { config: digestOf('config'), seed: 7, epochs: 3, backend: 'wasm', trainedAt: 1_785_000_000 },
  evaluation: { 'test-accuracy': 650_000 },
  calibration: { temperaturePpm: 1_000_000 },
};
