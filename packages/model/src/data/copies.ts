import { createHash } from 'node:crypto';
import { type FaceSet, pixelsOf } from './face-set.ts';

export const digestPixels = (pixels: Uint8Array): Uint8Array => createHash('sha256').update(pixels).digest();

/**
 * Pictures of a training split as sorted 6-byte digest prefixes: enough to tell an exact copy (a false match
 * among 28,709 has chance 1e-10 a picture) and small enough to travel with a model.
 */
export const PREFIX_BYTES = 6;

export const prefixOf = (pixels: Uint8Array): string =>
  Buffer.from(digestPixels(pixels).subarray(0, PREFIX_BYTES)).toString('hex');

export const prefixesOf = (set: FaceSet, rows: readonly number[]): Set<string> =>
  new Set(rows.map((row) => prefixOf(pixelsOf(set, row))));

export const encodePrefixes = (prefixes: ReadonlySet<string>): Uint8Array =>
  Buffer.concat([...prefixes].sort().map((prefix) => Buffer.from(prefix, 'hex')));

export const decodePrefixes = (bytes: Uint8Array): Set<string> => {
  const prefixes = new Set<string>();
  for (let at = 0; at + PREFIX_BYTES <= bytes.length; at += PREFIX_BYTES) {
    prefixes.add(Buffer.from(bytes.subarray(at, at + PREFIX_BYTES)).toString('hex'));
  }
  return prefixes;
};

/** Row numbers grouped by identical pixels, each group in row order, groups by first row. */
export const groupCopies = (set: FaceSet): number[][] => {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < set.count; row++) {
    const key = Buffer.from(digestPixels(pixelsOf(set, row))).toString('latin1');
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
};
