import { fromHex, TILE_WIDTH, tilePath } from '@testigo/trail';
import { LogUnreachable, type TileSource } from '../trail/tile-source.ts';
import { readEntries, readFileOfWidth } from './tile-proofs.ts';

export interface LogRecord {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Records in flight: enough to hide the distance to the log, few enough to hold in memory. */
const AHEAD = 8;

/** Records `first` to `last`, both included, in order. @throws LogUnreachable if the log does not serve one */
export async function* readRange(
  source: TileSource,
  size: number,
  first: number,
  last: number,
): AsyncGenerator<LogRecord> {
  const end = Math.floor(last / TILE_WIDTH);
  const pending: Promise<Uint8Array[]>[] = [];
  let next = Math.floor(first / TILE_WIDTH);
  for (let bundle = next; bundle <= end; bundle++) {
    for (; next <= end && pending.length < AHEAD; next++) {
      const reading = readEntries(source, size, next);
      // Met in its own turn, however early it fails.
      reading.catch(() => undefined);
      pending.push(reading);
    }
    const records = await pending.shift()!;
    for (const [at, bytes] of records.entries()) {
      const index = bundle * TILE_WIDTH + at;
      if (index >= first && index <= last) yield { index, bytes };
    }
  }
}

/** Whether a record's bytes mention this id; whether they mean it, the caller has to read. */
export function newMention(id: string): (bytes: Uint8Array) => boolean {
  const wanted = Buffer.from(`"${id}"`);
  return ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).includes(wanted);
}

/**
 * Index of a leaf by its hash, from the lowest tiles: 32 bytes a record are read and no record. What a lying log
 * answers is found out later, by the proof, or ends in "not found".
 * @throws LogUnreachable
 */
export async function findLeaf(
  source: TileSource,
  size: number,
  leafHash: string,
): Promise<number | undefined> {
  const wanted = fromHex(leafHash);
  for (let tile = 0; tile * TILE_WIDTH < size; tile++) {
    const width = Math.min(TILE_WIDTH, size - tile * TILE_WIDTH);
    const bytes = await readFileOfWidth(source, width, (served) => tilePath(0, tile, served));
    if (bytes === undefined) throw new LogUnreachable(`the log does not serve ${tilePath(0, tile, width)}`);
    const within = findHash(bytes, wanted, width);
    if (within !== undefined) return tile * TILE_WIDTH + within;
  }
  return undefined;
}

function findHash(tile: Uint8Array, wanted: Uint8Array, width: number): number | undefined {
  const bytes = Buffer.from(tile.buffer, tile.byteOffset, tile.byteLength);
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
    if (at % wanted.length === 0 && at / wanted.length < width) return at / wanted.length;
  }
  return undefined;
}
