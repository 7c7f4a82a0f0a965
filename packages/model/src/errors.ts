/** Every way this package refuses its input, in one table: docs and CLI messages are read from it. */
export const MODEL_ERRORS = {
  'data-not-found': {
    title: 'No data at this place',
    template: '{path}: no such file or folder',
    help: 'Give a FER-2013 CSV, a folder with <split>.images.br|u8 and <split>.labels.u8, or an image folder <split>/<class>/*.png.',
  },
  'data-form-unknown': {
    title: 'The data is in no form that is known',
    template: '{path}: {seen}',
    help: 'Known forms: fer2013.csv (emotion,pixels,Usage), icml_face_data.csv (emotion, Usage, pixels), train.csv (emotion,pixels), test.csv (pixels), raw arrays, image folders.',
  },
  'data-empty': {
    title: 'The data holds no sample',
    template: '{path}: no sample found',
    help: 'The file has a header and nothing below it, or the folder has no picture in it.',
  },
  'row-columns': {
    title: 'A row has the wrong number of columns',
    template: '{path}: row {row} (line {line}): {seen} columns, the header has {expected}',
    help: 'The row was cut or a quote is missing. Mend or remove it; nothing is skipped silently.',
  },
  'row-pixel-count': {
    title: 'A row does not hold 2,304 pixels',
    template: '{path}: row {row} (line {line}): {seen} pixel values, 2304 expected (48 x 48)',
    help: 'FER-2013 pictures are 48 x 48 gray values, separated by single spaces.',
  },
  'row-pixel-value': {
    title: 'A pixel is not a number from 0 to 255',
    template: '{path}: row {row} (line {line}): pixel {pixel} is {seen}, 0 to 255 expected',
    help: 'Pixels are whole gray levels from 0 to 255.',
  },
  'row-label': {
    title: 'A label is unknown',
    template: '{path}: row {row} (line {line}): label {seen}, 0 to 6 or a class name expected',
    help: '0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral.',
  },
  'class-folder': {
    title: 'A folder is named after no class',
    template: '{path}: {seen} is no class; angry, disgust, fear, happy, sad, surprise, neutral are',
    help: 'Pictures lie in <split>/<class>/ or <class>/. Rename or remove the folder; nothing is skipped silently.',
  },
  'row-usage': {
    title: 'A Usage value is unknown',
    template:
      '{path}: row {row} (line {line}): Usage {seen}, one of Training, PublicTest, PrivateTest expected',
    help: 'The Usage column names the official split.',
  },
  'file-truncated': {
    title: 'The file ends too early',
    template: '{path}: the file ends inside row {row} (line {line}): {seen}',
    help: 'The download or copy was cut. Fetch the file again and compare its size or digest.',
  },
  'array-size': {
    title: 'A raw array has the wrong size',
    template: '{path}: {seen} bytes after decoding, {expected} expected ({count} labels)',
    help: 'Images and labels of one split must be of the same count: count x 2304 bytes and count bytes.',
  },
  'image-unreadable': {
    title: 'A picture cannot be decoded',
    template: '{path}: {seen}',
    help: 'JPEG, PNG and WebP pictures of at most 64 megapixels are read.',
  },
  'dataset-differs': {
    title: 'The data is not the dataset of this bundle',
    template: '{path}: dataset root {seen}, the bundle was trained on {expected}',
    help: 'Give the very file that the bundle was trained on: one changed pixel or label changes the root.',
  },
  'labels-missing': {
    title: 'The data has no labels',
    template: '{path}: has no labels, and {need} needs them',
    help: "The challenge's test.csv holds pictures only: use fer2013.csv or icml_face_data.csv.",
  },
  'split-missing': {
    title: 'The asked-for split is not in the data',
    template: '{path}: no row of split {split}; it has {seen}',
    help: 'Name one of the splits that the data has, or "all".',
  },
  'bundle-not-found': {
    title: 'No model bundle at this place',
    template: '{path}: {seen}',
    help: 'A bundle is a folder with manifest.json, model.json and weights.bin, as `testigo-model train` writes it.',
  },
  'bundle-digest': {
    title: 'A file of the bundle is not the one its manifest names',
    template: '{path}: SHA-256 is {seen}, the manifest says {expected}',
    help: 'The file was changed or cut after the bundle was made. Do not use it; fetch the bundle again.',
  },
  'bundle-manifest': {
    title: 'The manifest of the bundle cannot be read',
    template: '{path}: {seen}',
    help: 'manifest.json must be the canonical model manifest, byte for byte.',
  },
  'bundle-topology': {
    title: 'The network of the bundle cannot be read',
    template: '{path}: {seen}',
    help: 'model.json must be a tfjs layers model with its weights in weights.bin.',
  },
  'bundle-labels': {
    title: 'The bundle names other classes',
    template: '{path}: its classes are {seen}; {expected} expected, in this order',
    help: 'Its outputs would be read as the wrong classes. Train or fine-tune it on the seven classes of FER-2013.',
  },
  'teacher-unfit': {
    title: 'A bundle cannot teach this network',
    template: '{path}: {seen}',
    help: 'A teacher reads the same pictures as the network that learns from it, and its weights are those that the run names.',
  },
  'bundle-exists': {
    title: 'There is something at this place already',
    template: '{path}: exists and is not a model bundle',
    help: 'Choose another --out, or remove what is there.',
  },
  'layer-unsupported': {
    title: 'A layer has no ONNX form here',
    template: 'layer {layer} ({kind}): {seen}',
    help: 'The exporter knows the layers that our networks use; see bundle/onnx.',
  },
  'pixels-size': {
    title: 'The pixels are not whole pictures',
    template: '{seen} bytes are not a multiple of 2304 (48 x 48 gray)',
    help: 'Give n x 2304 bytes, one gray level a byte, row by row.',
  },
  'weights-shape': {
    title: 'Weights do not fit the network',
    template: '{name}: shape {seen}, {expected} expected',
    help: 'model.json and weights.bin are not of the same network.',
  },
  'not-finite': {
    title: 'A network gives no numbers',
    template: '{path}: {seen}',
    help: 'Its training diverged, or its weights are too large for float16: train with a lower learning rate.',
  },
  'backend-missing': {
    title: 'A compute backend is not there',
    template: 'backend {backend}: {seen}',
    help: 'Leave --backend out to take the best one there is.',
  },
  'training-diverged': {
    title: 'Training went wrong',
    template: 'epoch {epoch}, step {step}: {seen}',
    help: 'The loss is not a number or the device reported an error: lower the learning rate or choose another backend.',
  },
  'resume-mismatch': {
    title: 'The run cannot be resumed with these settings',
    template: '{path}: {field} was {expected}, now {seen}',
    help: 'Resume with the settings and data the run was started with, or start a new one.',
  },
  'run-unreadable': {
    title: 'A run folder cannot be read',
    template: '{path}: {seen}',
    help: 'Give the run folder that `testigo-model train` wrote (--run, by default <out>.run).',
  },
  'run-locked': {
    title: 'Another process trains in this run folder',
    template: '{path}: {seen}',
    help: 'Wait for it or stop it, or give another --run. The lock goes with its process: there is nothing to remove after a kill.',
  },
  'segment-missing': {
    title: 'The run has no such segment',
    template: '{path}: segment {segment}, the transcript has {count} (from 0)',
    help: 'Segment i ends at entry i of the transcript; see docs/spec/training-transcript.md.',
  },
  'fold-failed': {
    title: 'A network of the evidence could not be trained',
    template: 'network {network}: {seen}',
    help: 'Nothing was written. With several processes on one card, fewer (--processes) need less of its memory.',
  },
  'evidence-invalid': {
    title: 'The evidence file cannot be read',
    template: '{path}: {seen}',
    help: 'Write it again with `testigo-model evidence`.',
  },
  'file-failed': {
    title: 'A file or folder cannot be read or written',
    template: '{path}: {seen}',
    help: 'See that the place exists, may be read and written, and has room.',
  },
  'option-invalid': {
    title: 'An option is not usable',
    template: '--{option}: {seen}',
    help: 'See --help of the command.',
  },
  'server-overloaded': {
    title: 'The server has too much to do',
    template: '{queued} pictures are waiting, {limit} is the limit',
    help: 'Send again after the time that Retry-After names.',
    httpStatus: 503,
  },
  'server-draining': {
    title: 'The server is shutting down',
    template: 'no new work is taken; what was accepted is finished',
    help: 'Send the request to another replica.',
    httpStatus: 503,
  },
  'request-invalid': {
    title: 'The request is not a valid inference request',
    template: '{seen}',
    help: 'See docs/serving.md: one tensor "pixels", UINT8 [n, 48, 48], as JSON or binary.',
    httpStatus: 400,
  },
  'model-unknown': {
    title: 'No such model here',
    template: 'model {seen} is not served here; {expected} is',
    help: 'GET /v2 names the model and its version.',
    httpStatus: 404,
  },
  'remote-failed': {
    title: 'The inference server did not answer as expected',
    template: '{url}: {seen}',
    help: 'Check the address and the model name; GET /v2/health/ready tells whether it is up.',
  },
  'tracking-failed': {
    title: 'The tracking server refused',
    template: '{url}: {seen}',
    help: 'The run folder is complete without it; see its metrics.jsonl.',
  },
} as const satisfies Record<string, { title: string; template: string; help: string; httpStatus?: number }>;

export type ModelErrorCode = keyof typeof MODEL_ERRORS;
export type ErrorDetails = Readonly<Record<string, string | number>>;

export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  readonly details: ErrorDetails;
  readonly help: string;

  constructor(code: ModelErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(fillTemplate(MODEL_ERRORS[code].template, details), options);
    this.code = code;
    this.details = details;
    this.help = MODEL_ERRORS[code].help;
  }
}

const fillTemplate = (template: string, details: ErrorDetails): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => String(details[name] ?? whole));

export const isModelError = (error: unknown, code?: ModelErrorCode): error is ModelError =>
  error instanceof ModelError && (code === undefined || error.code === code);
