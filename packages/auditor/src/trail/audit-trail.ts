import { type Checkpoint, equalBytes, fromHex, TILE_WIDTH, toHex } from '@testigo/trail';
import type { AnchorFact } from '../chain/facts.ts';
import { indexSpecial, Ledger } from './ledger.ts';
import type { ChunkProblem, ChunkResult } from './scan-chunk.ts';
import type { Scan } from './scan-records.ts';
import { BundleTree, rootOfLeaves } from './tree-roots.ts';

/** A size of the log at which somebody else knows the root: the chain, an earlier checkpoint, the checkpoint itself. */
export interface Milestone {
  readonly size: number;
  readonly root: Uint8Array;
  readonly kind: 'anchor' | 'checkpoint' | 'head';
  readonly source: string;
  /** Readings by model that the anchor states, where the kind is anchor. */
  readonly counts?: ReadonlyMap<string, number>;
}

const MISMATCH = {
  anchor: 'trail-anchor-mismatch',
  checkpoint: 'trail-checkpoint-forked',
  head: 'trail-root-mismatch',
} as const;

/** What a tile above level 0 must hold: roots of perfect subtrees of 256^level records. */
export interface UpperTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
}

/** Follows a log from its first record to its last and meets every milestone on the way. */
export class TrailAudit {
  readonly ledger: Ledger;
  readonly #tree = new BundleTree();
  readonly #milestones: readonly Milestone[];
  #next = 0;
  #bundles = 0;
  #isBroken = false;
  /** Roots of full bundles, then of 256 of those, and so on, of the tiles that are not full yet. */
  readonly #upper: UpperTile[] = [];
  #fullTiles: UpperTile[] = [];

  /** `expected` records, about: it decides how memory is used and nothing else. @throws AuditError `scratch-unwritable` */
  constructor(milestones: readonly Milestone[], expected: number) {
    this.ledger = new Ledger(expected);
    this.#milestones = [...milestones].sort((a, b) => a.size - b.size);
    this.#meetMilestones(0, new Uint8Array(0), 0);
  }

  get recordsRead(): number {
    return this.#recordsRead;
  }
  #recordsRead = 0;

  addChunk(chunk: ChunkResult): void {
    for (const problem of chunk.problems) {
      this.reportProblem(problem);
    }
    if (!chunk.isComplete) this.#isBroken = true;
    const { scan } = chunk;
    const count = scan.leafHashes.length / 32;
    const special = indexSpecial(scan);
    for (let from = 0; from < count; from += TILE_WIDTH) {
      this.#addBundle(scan, from, Math.min(TILE_WIDTH, count - from), special);
    }
  }

  /** A file of the log that is not what the records need. */
  reportProblem({ code, path, detail }: ChunkProblem): void {
    this.ledger.report(code, this.#recordsRead, { expected: path, seen: detail, source: 'log' });
  }

  /** Tiles above level 0 that the records passed since the last call fill. */
  takeFullTiles(): readonly UpperTile[] {
    const full = this.#fullTiles;
    this.#fullTiles = [];
    return full;
  }

  /** Tiles above level 0 that the log ends in. */
  get partialTiles(): readonly UpperTile[] {
    return this.#upper.filter(({ hashes }) => hashes.length > 0);
  }

  /** Whether every record was read, so that what was not found is really not there. */
  get isComplete(): boolean {
    return !this.#isBroken;
  }

  #addBundle(scan: Scan, from: number, width: number, special: ReturnType<typeof indexSpecial>): void {
    const first = this.#bundles * TILE_WIDTH;
    const hashes = scan.leafHashes.subarray(from * 32, (from + width) * 32);
    let accounted = 0;
    while (this.#next < this.#milestones.length && this.#milestones[this.#next]!.size < first + width + 1) {
      const within = this.#milestones[this.#next]!.size - first;
      this.ledger.addRecords(scan, first - from, from + accounted, from + within, special);
      accounted = within;
      if (within === TILE_WIDTH) break;
      this.#meetMilestones(first + within, hashes, within);
    }
    this.ledger.addRecords(scan, first - from, from + accounted, from + width, special);
    this.#recordsRead = first + width;
    if (width < TILE_WIDTH) return;
    this.#bundles += 1;
    this.#tree.append(rootOfLeaves(hashes, 0, TILE_WIDTH), (level, hash) => this.#keepNode(level, hash));
    this.#meetMilestones(first + TILE_WIDTH, hashes, 0);
  }

  // Only every eighth level is served as tiles (C2SP tlog-tiles, "Merkle tree").
  #keepNode(level: number, hash: Uint8Array): void {
    if (level % 8 !== 0) return;
    const at = level / 8;
    const { index, hashes } = this.#upper[at] ?? { index: 0, hashes: [] };
    const tile = { level: at + 1, index, hashes: [...hashes, hash] };
    const isFull = tile.hashes.length === TILE_WIDTH;
    if (isFull) this.#fullTiles.push(tile);
    this.#upper[at] = isFull ? { level: at + 1, index: index + 1, hashes: [] } : tile;
  }

  #meetMilestones(size: number, hashes: Uint8Array, within: number): void {
    for (let next = this.#milestones[this.#next]; next?.size === size; next = this.#milestones[this.#next]) {
      this.#next += 1;
      const root = this.#tree.rootWith(hashes, within);
      if (!equalBytes(root, next.root)) {
        const seen = `root ${toHex(root)} of the records read`;
        this.ledger.report(MISMATCH[next.kind], size - 1, {
          expected: `root ${toHex(next.root)} at size ${size}`,
          seen,
          source: next.source,
        });
      }
      if (next.kind === 'anchor') this.#compareCounts(next);
    }
  }

  #compareCounts(anchor: Milestone): void {
    const { counts: seen, others } = this.ledger.models.takeBatch();
    const stated = anchor.counts;
    if (stated === undefined) return;
    for (const model of new Set([...seen.keys(), ...stated.keys()])) {
      const [expected, found] = [stated.get(model) ?? 0, seen.get(model) ?? 0];
      // One of the models that were not told apart: they are reported for themselves.
      if (expected === found || (found === 0 && others > 0)) continue;
      this.ledger.report('trail-anchor-counts-mismatch', anchor.size - 1, {
        expected: `${expected} readings of model ${model}`,
        seen: `${found} in the records up to ${anchor.size}`,
        source: anchor.source,
      });
    }
  }
}

export function milestonesOf(
  checkpoint: Checkpoint,
  anchors: readonly AnchorFact[],
  earlier: readonly { readonly checkpoint: Checkpoint; readonly source: string }[],
): Milestone[] {
  return [
    ...anchors.map(({ size, root, blockNumber, transaction, counts = new Map() }): Milestone => {
      const source = `anchor in block ${blockNumber}, ${transaction}`;
      return { size, root: fromHex(root), kind: 'anchor', source, counts };
    }),
    ...earlier.map(
      ({ checkpoint: { size, root }, source }): Milestone => ({ size, root, kind: 'checkpoint', source }),
    ),
    { size: checkpoint.size, root: checkpoint.root, kind: 'head', source: 'checkpoint' },
  ];
}
