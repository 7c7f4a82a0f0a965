import {
  decodeEntryBundle,
  decodeTile,
  entryBundlePath,
  type Hash,
  hashChildren,
  type NodeReader,
  TILE_HEIGHT,
  TILE_WIDTH,
  tilePath,
} from '@testigo/trail';
import { LogUnreachable, type TileSource } from '../trail/tile-source.ts';

/**
 * Reads perfect subtrees of a log of `size` records from its tiles, for making proofs. What it returns is only as
 * true as the log that serves it: a proof made from it must still verify.
 */
export function readNodesFrom(source: TileSource, size: number): NodeReader {
  const cache = new Map<string, Promise<Hash[]>>();
  const readTile = (level: number, index: number): Promise<Hash[]> => {
    const served = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH);
    const path = tilePath(level, index, served);
    const known =
      cache.get(path) ?? fetchTile(source, path, served < TILE_WIDTH ? tilePath(level, index) : undefined);
    cache.set(path, known);
    return known;
  };
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const span = 2 ** (level % TILE_HEIGHT);
    const first = index * span;
    const tile = await readTile(tileLevel, Math.floor(first / TILE_WIDTH));
    const from = first % TILE_WIDTH;
    const nodes = tile.slice(from, from + span);
    if (nodes.length < span) throw new LogUnreachable(`a tile of level ${tileLevel} is too short`);
    return foldPerfect(nodes);
  };
}

/** The record at an index. @throws LogUnreachable if the log does not serve it */
export async function readRecordAt(source: TileSource, size: number, index: number): Promise<Uint8Array> {
  const bundle = Math.floor(index / TILE_WIDTH);
  const served = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);
  const bytes =
    (await source.read(entryBundlePath(bundle, served))) ??
    (served < TILE_WIDTH ? await source.read(entryBundlePath(bundle)) : undefined);
  if (bytes === undefined)
    throw new LogUnreachable(`the log does not serve ${entryBundlePath(bundle, served)}`);
  const record = decodeEntryBundle(bytes)[index % TILE_WIDTH];
  if (record === undefined) throw new LogUnreachable(`entry bundle ${bundle} is too short`);
  return record;
}

async function fetchTile(source: TileSource, path: string, fallback: string | undefined): Promise<Hash[]> {
  const bytes =
    (await source.read(path)) ?? (fallback === undefined ? undefined : await source.read(fallback));
  if (bytes === undefined) throw new LogUnreachable(`the log does not serve ${path}`);
  return decodeTile(bytes);
}

function foldPerfect(nodes: readonly Hash[]): Hash {
  if (nodes.length === 1) return nodes[0] as Hash;
  const half = nodes.length / 2;
  return hashChildren(foldPerfect(nodes.slice(0, half)), foldPerfect(nodes.slice(half)));
}
