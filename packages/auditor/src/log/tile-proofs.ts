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
import { attempt } from '../verify/checked.ts';

/**
 * Reads perfect subtrees of a log of `size` records from its tiles, for making proofs. What it returns is only as
 * true as the log that serves it: a proof made from it must still verify.
 */
export function readNodesFrom(source: TileSource, size: number): NodeReader {
  const cache = new Map<string, Promise<Hash[]>>();
  const readTile = (level: number, index: number): Promise<Hash[]> => {
    const served = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH);
    if (served < 1)
      throw new LogUnreachable(`a log of ${size} records has no tile ${index} of level ${level}`);
    const path = tilePath(level, index, served);
    const known = cache.get(path) ?? fetchTile(source, level, index, served);
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
  const records = await readEntries(source, size, Math.floor(index / TILE_WIDTH));
  return records[index % TILE_WIDTH] as Uint8Array;
}

/** All records of an entry bundle of a log of `size`. @throws LogUnreachable if the log does not serve each of them */
export async function readEntries(source: TileSource, size: number, bundle: number): Promise<Uint8Array[]> {
  const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);
  const bytes = await readFileOfWidth(source, width, (served) => entryBundlePath(bundle, served));
  if (bytes === undefined)
    throw new LogUnreachable(`the log does not serve ${entryBundlePath(bundle, width)}`);
  const read = attempt(() => decodeEntryBundle(bytes));
  if ('reason' in read) throw new LogUnreachable(`entry bundle ${bundle}: ${read.reason}`);
  if (read.value.length < width) throw new LogUnreachable(`entry bundle ${bundle} is too short`);
  return read.value.slice(0, width);
}

/** A log may drop a partial file once the full one exists (C2SP tlog-tiles, "Partial tiles"). */
export async function readFileOfWidth(
  source: TileSource,
  width: number,
  pathOf: (width: number) => string,
): Promise<Uint8Array | undefined> {
  return (
    (await source.read(pathOf(width))) ??
    (width < TILE_WIDTH ? await source.read(pathOf(TILE_WIDTH)) : undefined)
  );
}

async function fetchTile(source: TileSource, level: number, index: number, width: number): Promise<Hash[]> {
  const bytes = await readFileOfWidth(source, width, (served) => tilePath(level, index, served));
  if (bytes === undefined)
    throw new LogUnreachable(`the log does not serve ${tilePath(level, index, width)}`);
  const read = attempt(() => decodeTile(bytes));
  if ('reason' in read) throw new LogUnreachable(`${tilePath(level, index, width)}: ${read.reason}`);
  return read.value;
}

function foldPerfect(nodes: readonly Hash[]): Hash {
  if (nodes.length === 1) return nodes[0] as Hash;
  const half = nodes.length / 2;
  return hashChildren(foldPerfect(nodes.slice(0, half)), foldPerfect(nodes.slice(half)));
}
