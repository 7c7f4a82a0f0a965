import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { ModelError } from '../errors.ts';
import { CLASS_COUNT, FACE_SIZE, PIXEL_COUNT } from '../labels.ts';
import type { FaceSet } from './face-set.ts';

/** File name stem of each split's arrays, in the order of SPLITS. */
const STEMS = ['train', 'publictest', 'privatetest'] as const;

export const hasRawArrays = (folder: string): boolean =>
  STEMS.some((stem) => existsSync(join(folder, `${stem}.labels.u8`)));

/** Reads <split>.images.u8 (plain) or .images.br (median-predicted residuals) with <split>.labels.u8. */
export const loadRawArrays = (folder: string): FaceSet => {
  const parts = STEMS.flatMap((stem, split) =>
    existsSync(join(folder, `${stem}.labels.u8`)) ? [{ split, ...readSplit(folder, stem) }] : [],
  );
  const count = parts.reduce((sum, part) => sum + part.labels.length, 0);
  if (count === 0) throw new ModelError('data-empty', { path: folder });
  const set = {
    count,
    pixels: new Uint8Array(count * PIXEL_COUNT),
    labels: new Uint8Array(count),
    splits: new Uint8Array(count),
    source: folder,
  };
  let at = 0;
  for (const part of parts) {
    set.pixels.set(part.pixels, at * PIXEL_COUNT);
    set.labels.set(part.labels, at);
    set.splits.fill(part.split, at, at + part.labels.length);
    at += part.labels.length;
  }
  return set;
};

const readSplit = (folder: string, stem: string): { pixels: Uint8Array; labels: Uint8Array } => {
  const labelPath = join(folder, `${stem}.labels.u8`);
  const labels = readFileSync(labelPath);
  const bad = labels.findIndex((label) => label >= CLASS_COUNT);
  if (bad >= 0)
    throw new ModelError('row-label', { path: labelPath, row: bad + 1, line: bad + 1, seen: labels[bad]! });
  const plain = join(folder, `${stem}.images.u8`);
  const coded = join(folder, `${stem}.images.br`);
  const path = existsSync(plain) ? plain : coded;
  if (!existsSync(path)) throw new ModelError('data-not-found', { path });
  const expected = labels.length * PIXEL_COUNT;
  const bytes = path === plain ? readFileSync(path) : inflate(path, expected);
  if (bytes.length !== expected) {
    throw new ModelError('array-size', { path, seen: bytes.length, expected, count: labels.length });
  }
  return { labels, pixels: path === plain ? bytes : restorePixels(bytes) };
};

/** No more than the labels account for: a kilobyte of Brotli can hold gigabytes. */
const inflate = (path: string, expected: number): Uint8Array => {
  try {
    return brotliDecompressSync(readFileSync(path), { maxOutputLength: Math.max(1, expected) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const count = expected / PIXEL_COUNT;
      throw new ModelError('array-size', { path, seen: 'more', expected, count }, { cause });
    }
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(
      'file-truncated',
      { path, row: 0, line: 0, seen: `not whole Brotli data: ${seen}` },
      { cause },
    );
  }
};

/**
 * Undoes LOCO-I's median edge predictor (Weinberger et al. 2000, section III.A), picture by picture, in place:
 * prediction = min(a, b) if c >= max(a, b), max(a, b) if c <= min(a, b), else a + b - c,
 * with a the pixel to the left, b above, c above left; outside the picture the nearest known one.
 */
const restorePixels = (residuals: Uint8Array): Uint8Array => {
  const out = residuals;
  for (let start = 0; start < out.length; start += PIXEL_COUNT) {
    for (let p = start; p < start + PIXEL_COUNT; p++) {
      const x = (p - start) % FACE_SIZE;
      const isTop = p - start < FACE_SIZE;
      const left = x > 0 ? out[p - 1]! : isTop ? 0 : out[p - FACE_SIZE]!;
      const above = isTop ? left : out[p - FACE_SIZE]!;
      const corner = x > 0 && !isTop ? out[p - FACE_SIZE - 1]! : left;
      const low = Math.min(left, above);
      const high = Math.max(left, above);
      out[p] = out[p]! + (corner >= high ? low : corner <= low ? high : left + above - corner);
    }
  }
  return out;
};
