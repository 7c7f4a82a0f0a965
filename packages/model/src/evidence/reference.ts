import { PREFIX_BYTES, prefixOf } from '../data/copies.ts';
import { type FaceSet, pixelsOf } from '../data/face-set.ts';
import { CLASS_COUNT } from '../labels.ts';

/**
 * Reference readings: what networks that were trained without a picture said about it, for every picture of the
 * bundle's own training set. One row is the 6-byte digest prefix of the pixels and 7 levels round(255 sqrt(p)), whose
 * steps are finest near 0, where label errors are decided. Rows are sorted by prefix.
 */
export type ReferenceReadings = ReadonlyMap<string, Float32Array>;

const ROW_BYTES = PREFIX_BYTES + CLASS_COUNT;

/** From out-of-fold probabilities of `rows` (rows.length x 7); copies of one picture are averaged. */
export const collectReference = (
  set: FaceSet,
  rows: readonly number[],
  probabilities: Float32Array,
): Map<string, Float32Array> => {
  const sums = new Map<string, { sum: Float32Array; count: number }>();
  rows.forEach((row, i) => {
    const key = prefixOf(pixelsOf(set, row));
    const entry = sums.get(key) ?? { sum: new Float32Array(CLASS_COUNT), count: 0 };
    sums.set(key, entry);
    entry.count++;
    for (let c = 0; c < CLASS_COUNT; c++) entry.sum[c]! += probabilities[i * CLASS_COUNT + c]!;
  });
  return new Map([...sums].map(([key, { sum, count }]) => [key, sum.map((value) => value / count)]));
};

export const encodeReference = (readings: ReferenceReadings): Uint8Array =>
  Buffer.concat(
    [...readings.keys()].sort().map((key) => {
      const levels = Uint8Array.from(readings.get(key)!, (p) => Math.round(255 * Math.sqrt(p)));
      return Buffer.concat([Buffer.from(key, 'hex'), levels]);
    }),
  );

export const decodeReference = (bytes: Uint8Array): Map<string, Float32Array> => {
  const readings = new Map<string, Float32Array>();
  for (let at = 0; at + ROW_BYTES <= bytes.length; at += ROW_BYTES) {
    const key = Buffer.from(bytes.subarray(at, at + PREFIX_BYTES)).toString('hex');
    const raw = Float32Array.from(
      bytes.subarray(at + PREFIX_BYTES, at + ROW_BYTES),
      (level) => (level / 255) ** 2,
    );
    const total = raw.reduce((sum, p) => sum + p, 0) || 1;
    readings.set(
      key,
      raw.map((p) => p / total),
    );
  }
  return readings;
};

export const REFERENCE_FILE = 'reference.bin';
