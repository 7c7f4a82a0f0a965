import { createHash } from 'node:crypto';
import { type CanonicalValue, encodeCanonical } from '@testigo/trail';
import { drawNormal, seedRandom } from '../src/poisoning/numeric/random.ts';
import { CLASSES, digestRows, type SampleSet } from '../src/poisoning/sample-set.ts';

export type ArraySource = {
  readonly dtype: 'f32' | 'u8';
  readonly shape: readonly number[];
  readonly data: Uint8Array;
};

/** An evidence file as docs/spec/evidence-file.md lays it out, written here by nothing but that page. */
export function encodeEvidence(set: SampleSet, arrays: Readonly<Record<string, ArraySource>>): Uint8Array {
  let offset = 0;
  const entries: Record<string, CanonicalValue> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(arrays)) {
    const sha256 = createHash('sha256').update(data).digest('hex');
    entries[name] = { dtype, shape, offset, byteLength: data.length, sha256 };
    offset = Math.ceil((offset + data.length) / 8) * 8;
  }
  const header = encodeCanonical({
    type: 'testigo-evidence',
    version: 1,
    kind: 'out-of-fold-networks',
    rows: set.size,
    classes: CLASSES,
    folds: 4,
    seed: 'test',
    rowsSha256: digestRows(set),
    datasetRoot: '',
    modelVersion: '',
    network: 'synthetic',
    arrays: entries,
  });
  const start = Math.ceil((24 + header.length) / 8) * 8;
  const bytes = new Uint8Array(start + offset);
  bytes.set(new TextEncoder().encode('TESTIGO-EVIDENCE'));
  const view = new DataView(bytes.buffer);
  view.setUint32(16, 1, true);
  view.setUint32(20, header.length, true);
  bytes.set(header, 24);
  for (const [name, { data }] of Object.entries(arrays)) {
    bytes.set(data, start + (entries[name] as { offset: number }).offset);
  }
  return bytes;
}

export function floats(values: Float32Array, shape: readonly number[]): ArraySource {
  return { dtype: 'f32', shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * What a fair network would say: each row's probabilities lean to its true label, its embedding lies by that class's
 * centre. Rows that are no faces lie far from all centres. `more` are further arrays.
 */
export function drawEvidence(
  set: SampleSet,
  truth: Uint8Array,
  isForeign: (row: number) => boolean,
  more: Readonly<Record<string, ArraySource>> = {},
): Uint8Array {
  const WIDTH = 24;
  const random = seedRandom('testigo synthetic evidence');
  const centres = Float64Array.from({ length: CLASSES * WIDTH }, () => 4 + drawNormal(random));
  const probabilities = new Float32Array(set.size * CLASSES);
  const embeddings = new Float32Array(set.size * WIDTH);
  for (let i = 0; i < set.size; i++) {
    const logits = Array.from({ length: CLASSES }, (_, j) => (j === truth[i] ? 4 : 0) + drawNormal(random));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    for (let j = 0; j < CLASSES; j++) probabilities[i * CLASSES + j] = Math.exp(logits[j]!) / total;
    for (let d = 0; d < WIDTH; d++) {
      const centre = isForeign(i) ? 4 : centres[truth[i]! * WIDTH + d]!;
      // a square, as what a network's last layer reads: never negative, and its spread grows with its size
      embeddings[i * WIDTH + d] = (centre + (isForeign(i) ? 1 : 0.35) * drawNormal(random)) ** 2;
    }
  }
  return encodeEvidence(set, {
    probabilities: floats(probabilities, [set.size, CLASSES]),
    embeddings: floats(embeddings, [set.size, WIDTH]),
    fold: { dtype: 'u8', shape: [set.size], data: new Uint8Array(set.size) },
    ...more,
  });
}
