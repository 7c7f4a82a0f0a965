import { createHash } from 'node:crypto';
import { imageOf, type SampleSet } from '../sample-set.ts';
import { correlateRows, hammingDistance, hashPerceptually } from './perceptual-hash.ts';

/** Formula 1's thresholds. */
const NEAR_BITS = 6;
const NEAR_CORRELATION = 0.95;
const FLOOD_FLOOR = 5;
const FLOOD_SHARE = 0.001;

export type DuplicateReport = {
  /** Groups of two or more rows with the same pixels, rows ascending, groups by first row. */
  readonly exact: readonly (readonly number[])[];
  /** Groups linked by near or exact duplication that hold at least two different images. */
  readonly near: readonly (readonly number[])[];
  /** Exact groups whose rows carry different labels. */
  readonly conflicts: readonly (readonly number[])[];
  /** Exact or near groups whose rows lie in different splits. */
  readonly splitLeaks: readonly (readonly number[])[];
  /** Exact or near groups larger than max(5, 0.1 % of all rows). */
  readonly floods: readonly (readonly number[])[];
  /** Rows of one single gray value. */
  readonly constant: readonly number[];
  /** For each row the first row of its exact-or-near group; itself when alone. */
  readonly representative: Uint32Array;
};

/** Detector A: exact and near duplicates, contradictory labels, leaks between splits, floods, constant images. */
export function findDuplicates(set: SampleSet): DuplicateReport {
  const firstOf = firstRowOfEachImage(set);
  const exact = collectGroups(firstOf);
  const constant = findConstantRows(set);
  const isConstant = new Set(constant);
  const distinct: number[] = [];
  for (let i = 0; i < set.size; i++) if (firstOf[i] === i && !isConstant.has(i)) distinct.push(i);
  const representative = Uint32Array.from(firstOf);
  for (const [a, b] of findNearPairs(set, distinct)) joinRows(representative, a, b);
  for (let i = 0; i < set.size; i++) representative[i] = rootOf(representative, i);
  const linked = collectGroups(representative);
  const floodSize = Math.max(FLOOD_FLOOR, FLOOD_SHARE * set.size);
  const bySize = [...linked].filter((rows) => rows.length > floodSize && !isConstant.has(rows[0]!));
  return {
    exact,
    near: linked.filter((rows) => new Set(rows.map((row) => firstOf[row])).size > 1),
    conflicts: exact.filter((rows) => new Set(rows.map((row) => set.labels[row])).size > 1),
    splitLeaks: linked.filter((rows) => new Set(rows.map((row) => set.splits[row])).size > 1),
    floods: bySize,
    constant,
    representative,
  };
}

function firstRowOfEachImage(set: SampleSet): Uint32Array {
  const firstByDigest = new Map<string, number>();
  return Uint32Array.from({ length: set.size }, (_, row) => {
    const digest = createHash('sha256').update(imageOf(set, row)).digest('base64');
    const first = firstByDigest.get(digest) ?? row;
    firstByDigest.set(digest, first);
    return first;
  });
}

function findConstantRows(set: SampleSet): number[] {
  const rows: number[] = [];
  for (let i = 0; i < set.size; i++) {
    const image = imageOf(set, i);
    if (image.every((value) => value === image[0])) rows.push(i);
  }
  return rows;
}

/** All pairs of rows within the Hamming bound whose pixels confirm it. */
function findNearPairs(set: SampleSet, rows: readonly number[]): [number, number][] {
  const hashes = hashPerceptually(set);
  const pairs: [number, number][] = [];
  for (let i = 0; i < rows.length; i++) {
    const a = rows[i]!;
    for (let j = i + 1; j < rows.length; j++) {
      const b = rows[j]!;
      if (hammingDistance(hashes, a, b) > NEAR_BITS) continue;
      if (correlateRows(set, a, b) >= NEAR_CORRELATION) pairs.push([a, b]);
    }
  }
  return pairs;
}

/** Union by smallest row: the root of a group is its first row, whatever the order of joining. */
function joinRows(parent: Uint32Array, a: number, b: number): void {
  const left = rootOf(parent, a);
  const right = rootOf(parent, b);
  if (left < right) parent[right] = left;
  else parent[left] = right;
}

function rootOf(parent: Uint32Array, row: number): number {
  let at = row;
  while (parent[at] !== at) at = parent[at]!;
  return at;
}

function collectGroups(first: Uint32Array): number[][] {
  const groups = new Map<number, number[]>();
  first.forEach((root, row) => {
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [row]);
    else group.push(row);
  });
  return [...groups.values()].filter((rows) => rows.length > 1);
}
