import { HASH_BYTES, TILE_HEIGHT, TILE_WIDTH } from '@testigo/trail';
import { hashPair } from './hashing.ts';
import type { CompletedTile } from './store.ts';

/** Where level l of a tile starts in its node array: 256 leaves, then 128 nodes, … then the root. */
const LEVEL_START = Array.from({ length: TILE_HEIGHT + 1 }, (_, level) => 512 - 2 ** (9 - level));

/** A tile under construction or read back: its hashes and every node that is complete above them. */
export class Tile {
  readonly level: number;
  readonly index: number;
  #width = 0;
  readonly #nodes = new Uint8Array(511 * HASH_BYTES);
  /** One view a node, made once: proofs share most of their nodes. */
  readonly #views: Uint8Array[] = [];

  constructor(level: number, index: number) {
    this.level = level;
    this.index = index;
  }

  static from(level: number, index: number, hashes: Uint8Array): Tile {
    const tile = new Tile(level, index);
    for (let at = 0; at < hashes.length; at += HASH_BYTES) tile.push(hashes.subarray(at, at + HASH_BYTES));
    return tile;
  }

  get width(): number {
    return this.#width;
  }

  get isFull(): boolean {
    return this.#width === TILE_WIDTH;
  }

  push(hash: Uint8Array): void {
    let position = this.#width++;
    this.#set(0, position, hash);
    for (let level = 0; level < TILE_HEIGHT && position % 2 === 1; level++) {
      const parent = hashPair(this.node(level, position - 1), this.node(level, position));
      position = (position - 1) / 2;
      this.#set(level + 1, position, parent);
    }
  }

  /** The node `height` levels above the tile's hashes; only complete ones hold a value. */
  node(height: number, position: number): Uint8Array {
    const at = LEVEL_START[height]! + position;
    const view = this.#views[at] ?? this.#nodes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
    this.#views[at] = view;
    return view;
  }

  root(): Uint8Array {
    return this.node(TILE_HEIGHT, 0);
  }

  /** What the store keeps of a full tile. */
  toCompleted(): CompletedTile {
    return { level: this.level, index: this.index, root: this.root(), hashes: this.hashes() };
  }

  /** The tile as C2SP serves it: its first `width` hashes. */
  hashes(width = this.#width): Uint8Array {
    return this.#nodes.slice(0, width * HASH_BYTES);
  }

  #set(height: number, position: number, hash: Uint8Array): void {
    this.#nodes.set(hash, (LEVEL_START[height]! + position) * HASH_BYTES);
  }
}
