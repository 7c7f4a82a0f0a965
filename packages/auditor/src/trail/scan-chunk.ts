import { decodeEntryBundle, entryBundlePath, TILE_WIDTH, tilePath } from '@testigo/trail';
import { readFileOfWidth } from '../log/tile-proofs.ts';
import { type Scan, scanRecords } from './scan-records.ts';
import type { TileSource } from './tile-source.ts';

/** Entry bundles `first` to `first + count` of a log of `size` records. */
export interface ChunkRequest {
  readonly first: number;
  readonly count: number;
  /** How far to read. */
  readonly size: number;
  /** Size of the served log: it decides how wide the last, partial files are. */
  readonly servedSize: number;
}

export interface ChunkProblem {
  readonly code:
    | 'trail-entries-missing'
    | 'trail-entries-malformed'
    | 'trail-tile-missing'
    | 'trail-tile-mismatch';
  readonly path: string;
  readonly detail: string;
}

export interface ChunkResult {
  readonly first: number;
  /** Records read before the first bundle that could not be. */
  readonly scan: Scan;
  readonly problems: readonly ChunkProblem[];
  readonly isComplete: boolean;
}

/** Reads, hashes and parses a run of entry bundles, and compares each with its hash tile. */
export async function scanChunk(
  source: TileSource,
  { first, count, size, servedSize }: ChunkRequest,
): Promise<ChunkResult> {
  const problems: ChunkProblem[] = [];
  const records: Uint8Array[] = [];
  let isComplete = true;
  for (let index = first; index < first + count && isComplete; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    const bundle = await readBundle(source, index, width, servedWidth(servedSize, index));
    if ('code' in bundle) {
      problems.push(bundle);
      isComplete = false;
    } else records.push(...bundle.records);
  }
  const scan = scanRecords(records);
  for (let at = 0; at * TILE_WIDTH < records.length; at++) {
    const hashes = scan.leafHashes.subarray(at * TILE_WIDTH * 32, (at + 1) * TILE_WIDTH * 32);
    const problem = await compareTile(source, 0, first + at, hashes, servedWidth(servedSize, first + at));
    if (problem !== undefined) problems.push(problem);
  }
  return { first, scan, problems, isComplete };
}

const servedWidth = (servedSize: number, index: number): number =>
  Math.min(TILE_WIDTH, servedSize - index * TILE_WIDTH);

async function readBundle(
  source: TileSource,
  index: number,
  width: number,
  served: number,
): Promise<ChunkProblem | { records: Uint8Array[] }> {
  const path = entryBundlePath(index, served);
  const bytes = await readFileOfWidth(source, served, (w) => entryBundlePath(index, w));
  if (bytes === undefined) return { code: 'trail-entries-missing', path, detail: 'the log has no such file' };
  let records: Uint8Array[];
  try {
    records = decodeEntryBundle(bytes).slice(0, width);
  } catch (error) {
    return {
      code: 'trail-entries-malformed',
      path,
      detail: error instanceof Error ? error.message : String(error),
    };
  }
  const isShort = records.length < width;
  return isShort
    ? { code: 'trail-entries-malformed', path, detail: `${records.length} records instead of ${width}` }
    : { records };
}

/** Compares one served hash tile with the hashes that the records give. */
export async function compareTile(
  source: TileSource,
  level: number,
  index: number,
  hashes: Uint8Array,
  served: number,
): Promise<ChunkProblem | undefined> {
  const path = tilePath(level, index, served);
  const tile = await readFileOfWidth(source, served, (width) => tilePath(level, index, width));
  if (tile === undefined) return { code: 'trail-tile-missing', path, detail: 'the log has no such file' };
  const isSame =
    tile.length >= hashes.length && Buffer.compare(tile.subarray(0, hashes.length), hashes) === 0;
  return isSame
    ? undefined
    : { code: 'trail-tile-mismatch', path, detail: 'other hashes than the records give' };
}
