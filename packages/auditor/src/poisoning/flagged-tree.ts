import {
  computeRoot,
  encodeCanonical,
  fromHex,
  type Hash,
  hashLeaf,
  proveInclusion,
  toHex,
  verifyInclusion,
} from '@testigo/trail';
import type { Flag } from './audit-dataset.ts';

/** Scores are hashed as integers of 1e-4, p-values of 1e-9: no floats in anything hashed. */
const SCORE_UNIT = 1e-4;
const P_UNIT = 1e-9;
/** A score this near to a rounding edge might round otherwise on another machine; such rows are listed. */
const EDGE = 2e-6;

export type FlaggedLeaf = {
  readonly id: string;
  readonly detector: string;
  readonly scoreE4: number;
  readonly pE9: number;
};

/** Ten digits, so that the order of text is the order of rows. */
export function sampleIdOf(row: number): string {
  return String(row).padStart(10, '0');
}

export function leafOf(flag: Flag): FlaggedLeaf {
  return {
    id: sampleIdOf(flag.row),
    detector: flag.detector,
    scoreE4: Math.round(flag.score / SCORE_UNIT),
    pE9: Math.round(flag.p / P_UNIT),
  };
}

export function isNearRoundingEdge(score: number): boolean {
  const units = score / SCORE_UNIT;
  return Math.abs(units - Math.floor(units) - 0.5) * SCORE_UNIT < EDGE;
}

/** Leaves sorted by id, then detector. */
export class FlaggedTree {
  readonly leaves: readonly FlaggedLeaf[];
  readonly #hashes: Hash[];

  constructor(leaves: readonly FlaggedLeaf[]) {
    this.leaves = [...leaves].sort((a, b) => compareText(a.id, b.id) || compareText(a.detector, b.detector));
    this.#hashes = this.leaves.map(hashFlagged);
  }

  get root(): string {
    return toHex(computeRoot(this.#hashes));
  }

  /** All flags of one sample, each proved, or the proof that it has none. */
  prove(id: string): FlaggedProof {
    const first = this.leaves.findIndex((leaf) => leaf.id >= id);
    const at = first < 0 ? this.leaves.length : first;
    const own: number[] = [];
    for (let k = at; this.leaves[k]?.id === id; k++) own.push(k);
    const neighbours = [at - 1, at].filter((k) => k >= 0 && k < this.leaves.length);
    return {
      id,
      size: this.leaves.length,
      entries: (own.length > 0 ? own : neighbours).map((k) => this.#proveLeaf(k)),
    };
  }

  #proveLeaf(index: number): ProvedLeaf {
    return { index, leaf: this.leaves[index]!, hashes: proveInclusion(this.#hashes, index).map(toHex) };
  }
}

export type ProvedLeaf = {
  readonly index: number;
  readonly leaf: FlaggedLeaf;
  readonly hashes: readonly string[];
};
export type FlaggedProof = {
  readonly id: string;
  readonly size: number;
  readonly entries: readonly ProvedLeaf[];
};

/**
 * 'flagged' when an entry of the sample is in the tree, 'not-flagged' when two leaves that are neighbours in the
 * tree enclose its id (or one at an end does, or the tree is empty), 'invalid' otherwise.
 */
export function checkFlaggedProof(
  proof: FlaggedProof,
  root: Uint8Array,
): 'flagged' | 'not-flagged' | 'invalid' {
  const { id, size, entries } = proof;
  const isProved = entries.every(({ index, leaf, hashes }) =>
    verifyInclusion({
      leafHash: hashFlagged(leaf),
      index,
      size,
      proof: hashes.map((hash) => fromHex(hash)),
      root,
    }),
  );
  if (!isProved) return 'invalid';
  if (entries.length > 0 && entries.every(({ leaf }) => leaf.id === id)) return 'flagged';
  if (size === 0) return toHex(root) === toHex(computeRoot([])) ? 'not-flagged' : 'invalid';
  const left = entries.find(({ leaf }) => leaf.id < id);
  const right = entries.find(({ leaf }) => leaf.id > id);
  if (left !== undefined && right !== undefined)
    return right.index === left.index + 1 ? 'not-flagged' : 'invalid';
  if (left !== undefined) return left.index === size - 1 ? 'not-flagged' : 'invalid';
  return right !== undefined && right.index === 0 ? 'not-flagged' : 'invalid';
}

function hashFlagged(leaf: FlaggedLeaf): Hash {
  return hashLeaf(encodeCanonical({ ...leaf }));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
