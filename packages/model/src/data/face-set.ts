import { CLASS_COUNT, LABELS, PIXEL_COUNT } from '../labels.ts';

export const SPLITS = ['Training', 'PublicTest', 'PrivateTest'] as const;
export type Split = (typeof SPLITS)[number];

/**
 * Labelled 48x48 gray faces, held as flat arrays.
 * `pixels` is count x 2304 bytes, `labels` count class indices (255 where there is none),
 * `splits` count indices into SPLITS. Row order is the source's.
 */
export type FaceSet = {
  readonly count: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  readonly splits: Uint8Array;
  /** Where it came from, for messages: a path. */
  readonly source: string;
  /** SHA-256 of each sample's original content, where that is not the pixels themselves (picture files). */
  readonly contentDigests?: readonly Uint8Array[];
};

export const pixelsOf = (set: FaceSet, index: number): Uint8Array =>
  set.pixels.subarray(index * PIXEL_COUNT, (index + 1) * PIXEL_COUNT);

/** The rows named by `indices`, in that order, as a set of their own. */
export const selectRows = (set: FaceSet, indices: ArrayLike<number>): FaceSet => {
  const count = indices.length;
  const pixels = new Uint8Array(count * PIXEL_COUNT);
  const labels = new Uint8Array(count);
  const splits = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const from = indices[i]!;
    pixels.set(pixelsOf(set, from), i * PIXEL_COUNT);
    labels[i] = set.labels[from]!;
    splits[i] = set.splits[from]!;
  }
  const digests = set.contentDigests;
  return {
    count,
    pixels,
    labels,
    splits,
    source: set.source,
    ...(digests ? { contentDigests: Array.from(indices, (i) => digests[i]!) } : {}),
  };
};

export const rowsOfSplit = (set: FaceSet, split: Split): number[] => {
  const wanted = SPLITS.indexOf(split);
  const rows: number[] = [];
  for (let i = 0; i < set.count; i++) if (set.splits[i] === wanted) rows.push(i);
  return rows;
};

export const splitsIn = (set: FaceSet): Split[] => SPLITS.filter((_, index) => set.splits.includes(index));

/** How many rows each class has, by name. */
export const countLabels = (set: FaceSet): Record<string, number> => {
  const counts = new Array<number>(CLASS_COUNT).fill(0);
  for (const label of set.labels) if (label < CLASS_COUNT) counts[label]!++;
  return Object.fromEntries(LABELS.map((name, index) => [name, counts[index]!]));
};
