export { type Calibration, calibrationOf } from './bundle/calibrated.ts';
export {
  BundleClassifier,
  loadClassifier,
  openBundle,
  type ViewMode,
} from './bundle/classifier.ts';
export type { EngineOptions } from './bundle/engine.ts';
export { type InputProfile, readInputProfile, type StatisticProfile } from './bundle/input-profile.ts';
export { countParameters, type LayersModel, type NamedTensor } from './bundle/layers.ts';
export { type InputForm, toOnnx } from './bundle/onnx/to-onnx.ts';
export { type BundleContents, readBundle } from './bundle/read-bundle.ts';
export { type BundleParts, saveBundle } from './bundle/save-bundle.ts';
export type { Precision } from './bundle/weights.ts';
export {
  type Dataset,
  type DatasetOptions,
  describeDataset,
  samplesOf,
  signDataset,
} from './data/dataset.ts';
export {
  countLabels,
  type FaceSet,
  pixelsOf,
  rowsOfSplit,
  SPLITS,
  type Split,
  selectRows,
} from './data/face-set.ts';
export { type CsvOptions, loadFer2013Csv } from './data/fer-csv.ts';
export { loadFaces } from './data/load-faces.ts';
export { isModelError, MODEL_ERRORS, ModelError, type ModelErrorCode } from './errors.ts';
export { CLASS_COUNT, FACE_SIZE, LABELS, type Label, PIXEL_COUNT } from './labels.ts';
export { PREPROCESSING, preprocessingDigest } from './preprocessing.ts';
export { RemoteClassifier, type RemoteOptions } from './serving/remote-classifier.ts';
export {
  DEFAULT_SERVE_OPTIONS,
  type RunningServer,
  type ServeOptions,
  startServer,
} from './serving/server.ts';
export { shippedBundle } from './shipped-bundle.ts';
