import { createHash } from 'node:crypto';
import { digestPixels } from '../data/copies.ts';
import { type FaceSet, pixelsOf } from '../data/face-set.ts';
import { PIXEL_COUNT } from '../labels.ts';

/**
 * The fold that holds a row out: first byte of the SHA-256 of its pixels, modulo the folds. So copies share a fold
 * (else a copy's label would leak), and a row's fold follows from its pixels alone, whatever file it is in.
 */
export const assignFolds = (set: FaceSet, folds: number): Uint8Array =>
  Uint8Array.from({ length: set.count }, (_, row) => digestPixels(pixelsOf(set, row))[0]! % folds);

/** SHA-256 over every row's pixels and label, in order. */
export const digestRows = ({ pixels, labels, count }: FaceSet): string => {
  const hash = createHash('sha256');
  for (let row = 0; row < count; row++) {
    hash
      .update(pixels.subarray(row * PIXEL_COUNT, (row + 1) * PIXEL_COUNT))
      .update(labels.subarray(row, row + 1));
  }
  return hash.digest('hex');
};

export const rowsWhere = (folds: Uint8Array, keep: (fold: number) => boolean): Uint32Array => {
  const rows: number[] = [];
  folds.forEach((fold, row) => {
    if (keep(fold)) rows.push(row);
  });
  return Uint32Array.from(rows);
};
