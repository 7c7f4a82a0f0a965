import type { BundleClassifier } from '../bundle/classifier.ts';
import { prefixOf } from '../data/copies.ts';
import { type FaceSet, pixelsOf, selectRows } from '../data/face-set.ts';
import { ModelError } from '../errors.ts';
import { CLASS_COUNT } from '../labels.ts';
import { embedAll } from './embed.ts';
import { type LinearHead, measureScale, standardise, trainHead } from './linear-head.ts';
import type { ReferenceReadings } from './reference.ts';

/**
 * The bundle's embeddings read by a linear layer that learnt what networks said about the training pictures that they
 * were not trained on, in place of the pictures' labels. A quarter of FER-2013's labels is doubtful and a network's own
 * last layer has learnt those errors; readings out of fold have them averaged away. It sees embeddings as they are.
 */
export const REFERENCE_HEAD_FILE = 'reference-head.bin';

const SEED = 'reference head';
const EPOCHS = 20;

/** `embeddings` n x `width`, `readings` n x 7: the reference readings of the same pictures. */
export const fitReferenceHead = (
  embeddings: Float32Array,
  readings: Float32Array,
  width: number,
): LinearHead => {
  const scale = measureScale(embeddings, width);
  const rows = Uint32Array.from({ length: embeddings.length / width }, (_, row) => row);
  const options = { seed: SEED, epochs: EPOCHS };
  const { weights } = trainHead(standardise(embeddings, scale), readings, rows, options);
  // the scale goes into the weights: W (f - mean) factor + b = (W factor) f + (b - sum of W factor mean)
  for (let c = 0; c < CLASS_COUNT; c++) {
    const base = c * (width + 1);
    for (let d = 0; d < width; d++) {
      weights[base + d]! *= scale.factor[d]!;
      weights[base + width]! -= weights[base + d]! * scale.mean[d]!;
    }
  }
  return { weights, width, classes: CLASS_COUNT };
};

/** The head for a bundle: fitted on those of `rows` whose reading is known. */
export const learnReferenceHead = async (
  classifier: BundleClassifier,
  set: FaceSet,
  rows: readonly number[],
  reference: ReferenceReadings,
): Promise<LinearHead> => {
  const known = rows.filter((row) => reference.has(prefixOf(pixelsOf(set, row))));
  const embeddings = await embedAll(classifier, selectRows(set, known).pixels);
  const readings = new Float32Array(known.length * CLASS_COUNT);
  known.forEach((row, i) => {
    readings.set(reference.get(prefixOf(pixelsOf(set, row)))!, i * CLASS_COUNT);
  });
  return fitReferenceHead(embeddings, readings, embeddings.length / known.length);
};

/** Seven rows of `width` weights and a bias, float32 little-endian. */
export const encodeReferenceHead = ({ weights }: LinearHead): Uint8Array => {
  const bytes = new Uint8Array(4 * weights.length);
  const view = new DataView(bytes.buffer);
  weights.forEach((weight, i) => {
    view.setFloat32(4 * i, weight, true);
  });
  return bytes;
};

/** @throws ModelError bundle-topology where it does not read embeddings of `width` */
export const decodeReferenceHead = (bytes: Uint8Array, width: number): LinearHead => {
  if (bytes.length !== 4 * CLASS_COUNT * (width + 1))
    throw new ModelError('bundle-topology', {
      path: REFERENCE_HEAD_FILE,
      seen: `${bytes.length} bytes do not read embeddings of ${width}`,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    width,
    classes: CLASS_COUNT,
    weights: Float64Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true)),
  };
};
