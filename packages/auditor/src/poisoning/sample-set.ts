import { createHash } from 'node:crypto';

/** Pixels of one side of a face image: FER-2013's 48. */
export const SIDE = 48;
export const PIXELS = SIDE * SIDE;
export const CLASS_NAMES = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'] as const;
export const CLASSES = CLASS_NAMES.length;

/** A labelled set of 48x48 gray images; row i owns `pixels[i * 2304, (i + 1) * 2304)`. */
export type SampleSet = {
  readonly size: number;
  /** size * 2304 gray bytes, row-major; may lie on a SharedArrayBuffer so that worker threads read it. */
  readonly pixels: Uint8Array;
  /** size class indices, 0 to 6. */
  readonly labels: Uint8Array;
  /** size split indices into `splitNames`. */
  readonly splits: Uint8Array;
  readonly splitNames: readonly string[];
};

export function imageOf(set: SampleSet, row: number): Uint8Array {
  return set.pixels.subarray(row * PIXELS, (row + 1) * PIXELS);
}

/** Rows of each class, ascending. */
export function rowsByClass(set: SampleSet): Uint32Array[] {
  const counts = new Uint32Array(CLASSES);
  for (const label of set.labels) counts[label]! += 1;
  const rows = Array.from(counts, (count) => new Uint32Array(count));
  const next = new Uint32Array(CLASSES);
  for (let i = 0; i < set.size; i++) {
    const label = set.labels[i]!;
    rows[label]![next[label]!++] = i;
  }
  return rows;
}

/** SHA-256 over every row's 2,304 pixel bytes and 1 label byte, in file order: binds evidence to its samples. */
export function digestRows(set: SampleSet): string {
  const hash = createHash('sha256');
  const row = new Uint8Array(PIXELS + 1);
  for (let i = 0; i < set.size; i++) {
    row.set(imageOf(set, i));
    row[PIXELS] = set.labels[i]!;
    hash.update(row);
  }
  return hash.digest('hex');
}
