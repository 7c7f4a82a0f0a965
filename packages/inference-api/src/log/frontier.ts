import { EMPTY_ROOT, TILE_HEIGHT, TILE_WIDTH } from '@testigo/trail';
import { hashPair } from './hashing.ts';
import { Tile } from './tile.ts';

/** How many complete nodes a tree of `size` leaves has at `level`. Division: sizes pass 2^31. */
export const nodesAt = (size: number, level: number): number => Math.floor(size / 2 ** level);

/** Reads complete nodes that lie in the tiles of the tree's right edge, or in tiles completed lately. */
export type NodeLookup = (level: number, index: number) => Uint8Array;

/**
 * The hashes of the incomplete subtrees on the right edge of a tree: entry l covers the leaves from the last
 * multiple of 2^l up to the size, where that range is neither empty nor complete.
 */
export const hashRaggedEdge = (size: number, node: NodeLookup): readonly (Uint8Array | undefined)[] => {
  const edge: (Uint8Array | undefined)[] = [undefined];
  for (let level = 0; 2 ** level < size; level++) {
    const below = edge[level];
    const count = nodesAt(size, level);
    if (count % 2 === 0) edge.push(below);
    else {
      const left = node(level, count - 1);
      edge.push(below ? hashPair(left, below) : left);
    }
  }
  return edge;
};

export const rootOf = (
  size: number,
  edge: readonly (Uint8Array | undefined)[],
  node: NodeLookup,
): Uint8Array => {
  if (size === 0) return EMPTY_ROOT;
  return edge.at(-1) ?? node(edge.length - 1, 0);
};

/** RFC 9162 section 2.1.3.1: the siblings on the way from a leaf to the root of a tree of `size` leaves. */
export const proveLeaf = (
  leafIndex: number,
  size: number,
  edge: readonly (Uint8Array | undefined)[],
  node: NodeLookup,
): Uint8Array[] => {
  const hashes: Uint8Array[] = [];
  for (let level = 0, index = leafIndex; 2 ** level < size; level++, index = Math.floor(index / 2)) {
    const sibling = index % 2 === 0 ? index + 1 : index - 1;
    const complete = nodesAt(size, level);
    const ragged = edge[level];
    if (sibling < complete) hashes.push(node(level, sibling));
    else if (sibling === complete && ragged) hashes.push(ragged);
  }
  return hashes;
};

/** The tiles on the right edge of the tree, one a level, and those that an append has just completed. */
export class Frontier {
  #size = 0;
  readonly #edge: Tile[] = [];
  #completed: Tile[] = [];

  /** From the hashes of each level's unfinished tile, as `readEdge` of the store returns them. */
  static resume(size: number, partials: readonly Uint8Array[]): Frontier {
    const frontier = new Frontier();
    frontier.#size = size;
    for (const [level, hashes] of partials.entries()) {
      const index = nodesAt(size, TILE_HEIGHT * (level + 1));
      frontier.#edge.push(Tile.from(level, index, hashes));
    }
    return frontier;
  }

  get size(): number {
    return this.#size;
  }

  append(leafHash: Uint8Array): void {
    this.#push(0, leafHash);
    this.#size++;
  }

  /** Tiles completed since the last call. */
  takeCompleted(): Tile[] {
    const completed = this.#completed;
    this.#completed = [];
    return completed;
  }

  edgeTile(level: number): Tile | undefined {
    return this.#edge[level];
  }

  #push(level: number, hash: Uint8Array): void {
    const tile = this.#edge[level] ?? new Tile(level, 0);
    this.#edge[level] = tile;
    tile.push(hash);
    if (!tile.isFull) return;
    this.#completed.push(tile);
    this.#edge[level] = new Tile(level, tile.index + 1);
    this.#push(level + 1, tile.root());
  }
}

/** Which tile holds a node of the tree, and where in it. */
export const locateNode = (level: number, index: number) => {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const height = level % TILE_HEIGHT;
  const nodesPerTile = TILE_WIDTH / 2 ** height;
  return { tileLevel, height, tileIndex: Math.floor(index / nodesPerTile), position: index % nodesPerTile };
};
