import { describe, expect, it } from 'vitest';
import { prefixOf } from '../data/copies.ts';
import type { FaceSet } from '../data/face-set.ts';
import { isModelError } from '../errors.ts';
import { PIXEL_COUNT } from '../labels.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import { decodeEvidence, type Evidence, encodeEvidence, floatArray } from './evidence-file.ts';
import { drawFakes, measureMargins } from './fake-class.ts';
import { assignFolds, digestRows } from './folds.ts';
import {
  addHeadProbabilities,
  lossOf,
  marginOf,
  measureScale,
  standardise,
  targetsOf,
  trainHead,
} from './linear-head.ts';
import { collectReference, decodeReference, encodeReference } from './reference.ts';
import { decodeReferenceHead, encodeReferenceHead, fitReferenceHead } from './reference-head.ts';

const evidence: Evidence = {
  header: {
    type: 'testigo-evidence',
    version: 1,
    kind: 'out-of-fold-heads',
    rows: 3,
    classes: 7,
    folds: 2,
    seed: 's',
    rowsSha256: 'ab'.repeat(32),
    datasetRoot: '',
    modelVersion: '',
    network: 'none',
  },
  arrays: {
    fold: { dtype: 'u8', shape: [3], bytes: Uint8Array.of(0, 1, 0) },
    probabilities: floatArray(
      Float32Array.from({ length: 21 }, (_, i) => i / 21),
      [3, 7],
    ),
  },
};

describe('the evidence file', () => {
  it('round-trips, aligned, and names every digest', () => {
    const bytes = encodeEvidence(evidence);
    const read = decodeEvidence(bytes);
    expect(read.arrays).toEqual(evidence.arrays);
    expect(read.header).toMatchObject(evidence.header);
    expect(read.header.arrays.probabilities!.offset).toBe(8);
    expect(encodeEvidence(read.header.kind === 'out-of-fold-heads' ? evidence : read)).toEqual(bytes);
  });

  it('is refused when any byte differs or is missing', () => {
    const bytes = encodeEvidence(evidence);
    const headEnd = 24 + new DataView(bytes.buffer).getUint32(20, true);
    const payload = Math.ceil(headEnd / 8) * 8;
    for (let at = 0; at < bytes.length; at++) {
      const isPadding = (at >= headEnd && at < payload) || (at >= payload + 3 && at < payload + 8);
      if (isPadding) continue;
      const changed = bytes.slice();
      changed[at]! ^= 1;
      try {
        // A changed letter of the free text or of a digest elsewhere still reads; the file's own digest then differs.
        expect(decodeEvidence(changed).header).not.toEqual(decodeEvidence(bytes).header);
      } catch (error) {
        expect(isModelError(error, 'evidence-invalid')).toBe(true);
      }
    }
    for (const length of [0, 10, 30, headEnd, bytes.length - 1]) {
      expect(() => decodeEvidence(bytes.subarray(0, length))).toThrow();
    }
  });
});

describe('folds', () => {
  it('keep copies together and depend on pixels alone', () => {
    const pixels = Uint8Array.from({ length: 4 * PIXEL_COUNT }, (_, i) =>
      i < 2 * PIXEL_COUNT ? (i % PIXEL_COUNT) % 251 : i % 13,
    );
    const set: FaceSet = {
      count: 4,
      pixels,
      labels: Uint8Array.of(0, 1, 2, 3),
      splits: new Uint8Array(4),
      source: 't',
    };
    const folds = assignFolds(set, 4);
    expect(folds[0]).toBe(folds[1]);
    expect(assignFolds({ ...set, labels: Uint8Array.of(6, 6, 6, 6) }, 4)).toEqual(folds);
    expect(digestRows(set)).not.toBe(digestRows({ ...set, labels: Uint8Array.of(0, 1, 2, 4) }));
  });
});

describe('a linear head', () => {
  it('learns separable classes, the same on every run, and ranks a flipped label lowest', () => {
    const random = createGenerator('heads');
    const count = 700;
    const width = 7;
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 7);
    const raw = Float32Array.from({ length: count * width }, (_, i) => {
      const label = Math.floor(i / width) % 7;
      return (i % width === label ? 1 : 0) + 0.2 * random.normal();
    });
    labels[14] = 3;
    const features = standardise(raw, measureScale(raw, width));
    const targets = targetsOf(labels);
    const rows = Uint32Array.from({ length: count }, (_, i) => i);
    const margin = new Float32Array(count);
    const options = { seed: 'a', epochs: 10 };
    const head = trainHead(features, targets, rows, {
      ...options,
      onRow: (_, row, scores) => {
        margin[row]! += marginOf(scores, labels[row]!);
      },
    });
    expect(lossOf(Float64Array.of(1, 2, 3, 0, 0, 0, 800), 2)).toBeCloseTo(797, 9);
    expect(lossOf(new Float64Array(7), 2)).toBeCloseTo(Math.log(7), 12);
    expect(trainHead(features, targets, rows, options).weights).toEqual(head.weights);
    const probabilities = new Float32Array(count * 7);
    addHeadProbabilities(head, features, rows, probabilities, 1);
    expect(margin.indexOf(Math.min(...margin))).toBe(14);
    const hits = rows.filter((row) => {
      const own = probabilities.subarray(row * 7, row * 7 + 7);
      return own.indexOf(Math.max(...own)) === row % 7;
    });
    expect(hits.length).toBeGreaterThan(690);
  });
});

describe('area under the margin', () => {
  it('draws fakes once each, and believes no more a flipped label than a class that does not exist', () => {
    const fakes = drawFakes(800, 's');
    expect(fakes.map((part) => part.length)).toEqual([100, 100]);
    expect(new Set(fakes.flatMap((part) => [...part])).size).toBe(200);
    const random = createGenerator('margins');
    const width = 7;
    const labels = Uint8Array.from({ length: 800 }, (_, i) => i % 7);
    const values = Float32Array.from({ length: 800 * width }, (_, i) => {
      return (i % width === Math.floor(i / width) % 7 ? 3 : 0) + 0.3 * random.normal();
    });
    const flipped = [14, 140, 401];
    for (const row of flipped) labels[row] = (labels[row]! + 3) % 7;
    const { margin, fakeMargin } = measureMargins({ values, width }, labels, { seed: 's', epochs: 10 });
    const threshold = Float32Array.from(fakeMargin).sort()[Math.floor(0.99 * fakeMargin.length)]!;
    const doubted = [...margin.keys()].filter((row) => margin[row]! <= threshold);
    expect(fakeMargin).toHaveLength(200);
    expect(doubted).toEqual(flipped);
  });
});

describe('a reference head', () => {
  it('learns readings instead of labels, and reads embeddings as they come', () => {
    const random = createGenerator('reference head');
    const width = 5;
    const count = 1400;
    const readings = new Float32Array(count * 7).fill(0.02);
    // far from zero, one dimension never moving: what standardising has to undo
    const embeddings = Float32Array.from({ length: count * width }, (_, i) => {
      const row = Math.floor(i / width);
      readings[row * 7 + (row % 7)] = 0.88;
      if (i % width === 4) return 3;
      return 40 + 5 * Math.cos((row % 7) * ((i % width) + 1)) + 0.3 * random.normal();
    });
    const head = decodeReferenceHead(
      encodeReferenceHead(fitReferenceHead(embeddings, readings, width)),
      width,
    );
    const rows = Uint32Array.from({ length: count }, (_, row) => row);
    const read = new Float32Array(count * 7);
    addHeadProbabilities(head, { values: embeddings, width }, rows, read, 1);
    const hits = rows.filter((row) => {
      const own = read.subarray(row * 7, row * 7 + 7);
      return own.indexOf(Math.max(...own)) === row % 7;
    });
    expect(hits.length).toBeGreaterThan(1300);
  });

  it('is refused where it reads embeddings of another width', () => {
    expect(() => decodeReferenceHead(new Uint8Array(4 * 7 * 9), 9)).toThrow(
      expect.objectContaining({ code: 'bundle-topology' }),
    );
    expect(decodeReferenceHead(new Uint8Array(4 * 7 * 10), 9).weights).toHaveLength(70);
  });
});

describe('reference readings', () => {
  it('round-trip within a level, averaged over copies', () => {
    const pixels = Uint8Array.from({ length: 3 * PIXEL_COUNT }, (_, i) =>
      i < 2 * PIXEL_COUNT ? (i % PIXEL_COUNT) % 7 : i % 11,
    );
    const set: FaceSet = {
      count: 3,
      pixels,
      labels: new Uint8Array(3),
      splits: new Uint8Array(3),
      source: 't',
    };
    const rows = [0.9, 0.7, 0.1].map((p) => [p, 1 - p, 0, 0, 0, 0, 0]);
    const readings = collectReference(set, [0, 1, 2], Float32Array.from(rows.flat()));
    expect(readings.size).toBe(2);
    const decoded = decodeReference(encodeReference(readings));
    const first = decoded.get(prefixOf(pixels.subarray(0, PIXEL_COUNT)))!;
    expect(first[0]).toBeCloseTo(0.8, 2);
    expect(first.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
  });
});
