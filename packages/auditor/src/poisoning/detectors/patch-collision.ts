import { binomialTail } from '../numeric/binomial.ts';
import { CLASSES, PIXELS as IMAGE_PIXELS, SIDE as IMAGE_SIDE, type SampleSet } from '../sample-set.ts';

// Copies: a test runner turns each use of an imported constant into a call, and these loops run long.
const PIXELS = IMAGE_PIXELS;
const SIDE = IMAGE_SIDE;

/** Window side, quantisation and texture floor of formula 2: 4x4 windows of pixels >> 3 with std > 8. */
const WINDOW = 4;
const QUANTUM_BITS = 3;
const WINDOW_PIXELS = WINDOW * WINDOW;
const MIN_DEVIATION = 8;
/** Pixels above and below the window's mean: a saturated corner with one odd pixel is flat, and nature's commonest. */
const MIN_EACH_SIDE = 3;
const WINDOWS_PER_SIDE = SIDE - WINDOW + 1;
const WINDOWS = WINDOWS_PER_SIDE * WINDOWS_PER_SIDE;
/** A patch counts once it lies in this many different images; below, no test could tell it from chance. */
const MIN_IMAGES = 4;
const SKETCH_BITS = 26;

export type PatchGroup = {
  /** Rows that hold the patch, ascending. */
  readonly rows: readonly number[];
  /** Rows that hold it too and count in no test: copies of other pictures. */
  readonly copies: readonly number[];
  /** Top-left corner of the patch. */
  readonly x: number;
  readonly y: number;
};

/**
 * Windows that recur, pixel for pixel after quantisation, at one place in several images.
 * A stamped trigger (Gu et al. 2017, BadNets) is such a window; nature hardly repeats 16 textured pixels.
 * `rows` should hold one copy of each duplicate image, or every duplicate is a collision of 2,025 windows; the other
 * copies are `copies`: no evidence for a patch, but they may carry one.
 *
 * Two passes bound the memory: a sketch of counters finds hashes seen often enough, then only those are listed.
 */
export function findRecurringPatches(
  set: SampleSet,
  rows: ArrayLike<number>,
  copies: ArrayLike<number> = [],
): PatchGroup[] {
  const sketch = new Uint8Array(2 ** SKETCH_BITS);
  const mask = sketch.length - 1;
  for (let k = 0; k < rows.length; k++) {
    hashWindows(set.pixels, rows[k]! * PIXELS);
    for (let at = 0; at < WINDOWS; at++) {
      const slot = lows[at]! & mask;
      if (highs[at]! >= 0 && sketch[slot]! < 255) sketch[slot]! += 1;
    }
  }
  const found = new Map<number, { rows: number[]; copies: number[]; at: number }>();
  for (let k = 0; k < rows.length; k++) {
    hashWindows(set.pixels, rows[k]! * PIXELS);
    for (let at = 0; at < WINDOWS; at++) {
      if (highs[at]! < 0 || sketch[lows[at]! & mask]! < MIN_IMAGES) continue;
      const group = found.get(wholeHash(at));
      if (group === undefined) found.set(wholeHash(at), { rows: [rows[k]!], copies: [], at });
      else group.rows.push(rows[k]!);
    }
  }
  for (const [hash, group] of found) if (group.rows.length < MIN_IMAGES) found.delete(hash);
  for (let k = 0; k < copies.length; k++) {
    hashWindows(set.pixels, copies[k]! * PIXELS);
    for (let at = 0; at < WINDOWS; at++)
      if (highs[at]! >= 0) found.get(wholeHash(at))?.copies.push(copies[k]!);
  }
  return Array.from(found.values(), ({ at, ...group }) => ({
    ...group,
    x: at % WINDOWS_PER_SIDE,
    y: Math.floor(at / WINDOWS_PER_SIDE),
  }));
}

const sums = new Int32Array((SIDE + 1) * (SIDE + 1));
const squares = new Int32Array((SIDE + 1) * (SIDE + 1));
const strips = new Int32Array(PIXELS);
/** A 52-bit hash for each window of the image at hand, in two parts; the high one is -1 where there is no texture. */
const lows = new Int32Array(WINDOWS);
const highs = new Int32Array(WINDOWS);

function wholeHash(at: number): number {
  return highs[at]! * 4294967296 + (lows[at]! >>> 0);
}

/** Place is part of the hash: a trigger sits where it sits, and nature repeats less at one place than anywhere. */
function hashWindows(pixels: Uint8Array, start: number): void {
  for (let y = 0; y < SIDE; y++) {
    let sum = 0;
    let square = 0;
    let packed = 0;
    for (let x = 0; x < SIDE; x++) {
      const value = pixels[start + y * SIDE + x]!;
      sum += value;
      square += value * value;
      const at = (y + 1) * (SIDE + 1) + x + 1;
      sums[at] = sums[at - SIDE - 1]! + sum;
      squares[at] = squares[at - SIDE - 1]! + square;
      packed = ((packed << 5) | (value >> QUANTUM_BITS)) & 0xfffff;
      strips[y * SIDE + x] = packed;
    }
  }
  for (let y = 0; y < WINDOWS_PER_SIDE; y++) {
    for (let x = 0; x < WINDOWS_PER_SIDE; x++) {
      const at = y * WINDOWS_PER_SIDE + x;
      const sum = boxOf(sums, x, y);
      // 16 * sum of squares - sum^2 = 256 * variance
      const scaled = WINDOW_PIXELS * boxOf(squares, x, y) - sum * sum;
      const isTextured =
        scaled > MIN_DEVIATION * MIN_DEVIATION * 256 && hasBothSides(pixels, start, x, y, sum);
      if (isTextured) hashWindow(x, y, at);
      else highs[at] = -1;
    }
  }
}

function hasBothSides(pixels: Uint8Array, start: number, x: number, y: number, sum: number): boolean {
  let above = 0;
  for (let dy = 0; dy < WINDOW; dy++) {
    const from = start + (y + dy) * SIDE + x;
    for (let dx = 0; dx < WINDOW; dx++) if (pixels[from + dx]! * WINDOW_PIXELS > sum) above += 1;
  }
  return above >= MIN_EACH_SIDE && above <= WINDOW_PIXELS - MIN_EACH_SIDE;
}

function boxOf(table: Int32Array, x: number, y: number): number {
  const top = y * (SIDE + 1) + x;
  const bottom = top + WINDOW * (SIDE + 1);
  return table[bottom + WINDOW]! - table[bottom]! - table[top + WINDOW]! + table[top]!;
}

function hashWindow(x: number, y: number, at: number): void {
  let low = Math.imul(at + 1, 0x9e3779b1);
  let high = Math.imul(at + 1, 0x85ebca6b);
  for (let dy = 0; dy < WINDOW; dy++) {
    const strip = strips[(y + dy) * SIDE + x + WINDOW - 1]!;
    low = Math.imul(low ^ strip, 0xcc9e2d51);
    low ^= low >>> 15;
    high = Math.imul(high ^ strip ^ (low << 3), 0x1b873593);
    high ^= high >>> 13;
  }
  lows[at] = low;
  highs[at] = high & 0xfffff;
}

export type CollisionReport = {
  /** Formula 2's score for each row, 0 where no recurring patch lies. */
  readonly scores: Float64Array;
  /** For each row the least p of the groups it lies in, 1 where there is none. */
  readonly p: Float64Array;
  /** For each class, the chance that a group this large is this pure, times the number of groups (Bonferroni). */
  readonly classP: Float64Array;
};

/** Bounds of the ratio by which groups of one more image are rarer, when there are too few groups to tell. */
const MIN_DECAY = 0.1;
const MAX_DECAY = 0.5;

/**
 * score(x) = max over its patches of n_c ln[(n_c / N_c) / ((n_o + 1) / (N - N_c + 1))].
 * A group's p-value is the number of groups as large that a geometric fall of sizes leads one to expect, times the
 * binomial tail P(Bin(n, N_c / N) >= n_c), which is what a permutation of labels estimates. Near duplicates carry
 * one label for good reason, so `rows` must not hold them; those that carry a group's patch get its score and p.
 */
export function scoreCollisions(
  set: SampleSet,
  rows: ArrayLike<number>,
  groups: readonly PatchGroup[],
): CollisionReport {
  const classSizes = new Float64Array(CLASSES);
  for (let k = 0; k < rows.length; k++) classSizes[set.labels[rows[k]!]!]! += 1;
  const smallest = Math.min(...groups.map((group) => group.rows.length));
  const larger = groups.filter((group) => group.rows.length > smallest).length;
  const decay = Math.min(MAX_DECAY, Math.max(MIN_DECAY, larger / groups.length));
  const report = {
    scores: new Float64Array(set.size),
    p: new Float64Array(set.size).fill(1),
    classP: new Float64Array(CLASSES).fill(1),
  };
  for (const group of groups) {
    const inside = new Float64Array(CLASSES);
    for (const row of group.rows) inside[set.labels[row]!]! += 1;
    const expected = groups.length * decay ** (group.rows.length - smallest);
    for (let c = 0; c < CLASSES; c++) {
      if (inside[c] === 0) continue;
      const outside = group.rows.length - inside[c]!;
      const ratio = inside[c]! / classSizes[c]! / ((outside + 1) / (rows.length - classSizes[c]! + 1));
      // a stray row of another class in a stamped group is no evidence against that class
      if (ratio <= 1) continue;
      const p = expected * binomialTail(group.rows.length, inside[c]!, classSizes[c]! / rows.length);
      report.classP[c] = Math.min(report.classP[c]!, p);
      for (const row of [...group.rows, ...group.copies]) {
        if (set.labels[row] !== c) continue;
        report.scores[row] = Math.max(report.scores[row]!, inside[c]! * Math.log(ratio));
        report.p[row] = Math.min(report.p[row]!, p);
      }
    }
  }
  return report;
}
