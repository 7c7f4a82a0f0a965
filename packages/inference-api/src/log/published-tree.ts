import { EMPTY_ROOT, HASH_BYTES, type Hash, TILE_HEIGHT, TILE_WIDTH } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import { Frontier, hashRaggedEdge, locateNode, nodesAt, rootOf } from './frontier.ts';
import { hashRecordBytes } from './hashing.ts';
import type { LogReader, StoredHead } from './store.ts';
import { Tile } from './tile.ts';

/** Complete tiles never change; 512 of them are 8 MiB and cover the paths of the last 100,000 leaves. */
const CACHED_TILES = 512;

/** Reads nodes and tiles of the tree: the right edge from memory, what is complete from the store. */
export class PublishedTree {
  readonly #store: LogReader;
  readonly #frontier: Frontier;
  readonly #cache = new Map<string, Tile>();
  readonly #pending = new Map<string, Promise<Tile>>();

  constructor(store: LogReader, frontier: Frontier) {
    this.#store = store;
    this.#frontier = frontier;
  }

  /** A node that the caller knows to be complete. */
  async readNode(level: number, index: number): Promise<Hash> {
    const { tileLevel, tileIndex, height, position } = locateNode(level, index);
    return (await this.readTile(tileLevel, tileIndex)).node(height, position);
  }

  async readTile(level: number, index: number): Promise<Tile> {
    const edge = this.#frontier.edgeTile(level);
    if (edge?.index === index) return edge;
    const key = `${level}/${index}`;
    const cached = this.#cache.get(key);
    if (cached) {
      this.remember([cached]);
      return cached;
    }
    // A proof asks for eight nodes of a tile at once: it is read and hashed once.
    const pending =
      this.#pending.get(key) ?? this.#load(level, index).finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    return pending;
  }

  remember(tiles: readonly Tile[]): void {
    for (const tile of tiles) {
      const key = `${tile.level}/${tile.index}`;
      this.#cache.delete(key);
      this.#cache.set(key, tile);
      if (this.#cache.size > CACHED_TILES) this.#cache.delete(this.#cache.keys().next().value!);
    }
  }

  async #load(level: number, index: number): Promise<Tile> {
    const tile = Tile.from(level, index, await this.#readStored(level, index));
    this.remember([tile]);
    return tile;
  }

  async #readStored(level: number, index: number): Promise<Uint8Array> {
    const hashes = await this.#store.readTile(level, index);
    if (hashes?.length !== TILE_WIDTH * HASH_BYTES) {
      throw new ApiError('log-corrupt', `Tile ${index} of level ${level} is missing or damaged.`);
    }
    return hashes;
  }
}

const readPartials = async (store: LogReader, size: number): Promise<Uint8Array[]> => {
  const leafCount = size % TILE_WIDTH;
  const records = await store.readRecords(size - leafCount, size);
  if (records.length !== leafCount) throw new ApiError('log-corrupt', 'The newest records are missing.');
  const partials = [Buffer.concat(records.map(({ bytes }) => hashRecordBytes(bytes)))];
  for (let level = 1; TILE_WIDTH ** level <= size; level++) {
    const end = nodesAt(size, TILE_HEIGHT * level);
    partials.push(Buffer.from(await store.readTileRoots(level - 1, end - (end % TILE_WIDTH), end)));
    if (partials[level]!.length !== (end % TILE_WIDTH) * HASH_BYTES) {
      throw new ApiError('log-corrupt', `Tiles of level ${level - 1} are missing.`);
    }
  }
  return partials;
};

/**
 * Rebuilds the tree's right edge from the store, in time that does not grow with the log: at most 255 records and 255
 * tile roots a level. @throws ApiError `log-corrupt` if it does not hash to the stored head's root.
 */
export const resumeFrontier = async (store: LogReader, head: StoredHead): Promise<Frontier> => {
  const frontier = Frontier.resume(head.size, await readPartials(store, head.size));
  const node = (level: number, index: number): Uint8Array => {
    const { tileLevel, height, position } = locateNode(level, index);
    return frontier.edgeTile(tileLevel)?.node(height, position) ?? EMPTY_ROOT;
  };
  const root = rootOf(head.size, hashRaggedEdge(head.size, node), node);
  if (Buffer.compare(root, head.root) !== 0) {
    throw new ApiError(
      'log-corrupt',
      `The stored records do not hash to the root of checkpoint ${head.size}.`,
    );
  }
  return frontier;
};
