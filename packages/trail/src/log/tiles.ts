// C2SP tlog-tiles (https://c2sp.org/tlog-tiles): where tiles and entry bundles live and what is in them.
import { TrailError } from '../errors.ts';
import { HASH_BYTES, type Hash } from './hashing.ts';

/** Hashes in a full tile: each tile is 8 levels of the tree. */
export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;

function encodeTileIndex(index: number): string {
  if (!Number.isSafeInteger(index) || index < 0)
    throw new TrailError('bad-tile', `Index ${index} is not a tile index.`);
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) as string[];
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
}

function partialSuffix(width: number): string {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH)
    throw new TrailError('bad-tile', `Width ${width} is not 1 to ${TILE_WIDTH}.`);
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}

/** `tile/<level>/<index>[.p/<width>]`; level counts tiles, not tree levels. @throws TrailError `bad-tile` */
export function tilePath(level: number, index: number, width: number = TILE_WIDTH): string {
  if (!Number.isInteger(level) || level < 0 || level > 63)
    throw new TrailError('bad-tile', `Level ${level} is not 0 to 63.`);
  return `tile/${level}/${encodeTileIndex(index)}${partialSuffix(width)}`;
}

/** `tile/entries/<index>[.p/<width>]`. @throws TrailError `bad-tile` */
export const entryBundlePath = (index: number, width: number = TILE_WIDTH): string =>
  `tile/entries/${encodeTileIndex(index)}${partialSuffix(width)}`;

export type TilePath =
  | { readonly kind: 'tile'; readonly level: number; readonly index: number; readonly width: number }
  | { readonly kind: 'entries'; readonly index: number; readonly width: number };

const PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** Reads a request path back; the path must be the one these functions write. @throws TrailError `bad-tile` */
export function parseTilePath(path: string): TilePath {
  const match = PATH.exec(path);
  if (!match) throw new TrailError('bad-tile', `${JSON.stringify(path.slice(0, 80))} is not a tile path.`);
  const [, kind, groups, partial] = match as unknown as [string, string, string, string | undefined];
  const index = Number(groups.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  const parsed: TilePath =
    kind === 'entries' ? { kind, index, width } : { kind: 'tile', level: Number(kind), index, width };
  const again =
    parsed.kind === 'entries' ? entryBundlePath(index, width) : tilePath(parsed.level, index, width);
  if (again !== path) throw new TrailError('bad-tile', `${path} is written ${again}.`);
  return parsed;
}

/** How many hashes the last tile at `level` has in a log of `size` leaves; 0 where there is no partial tile. */
export const partialWidth = (level: number, size: number): number =>
  Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;

/** Concatenated 32-byte hashes. */
export function decodeTile(bytes: Uint8Array): Hash[] {
  if (bytes.length === 0 || bytes.length % HASH_BYTES !== 0 || bytes.length > TILE_WIDTH * HASH_BYTES) {
    throw new TrailError(
      'bad-tile',
      `A tile has 1 to ${TILE_WIDTH} hashes of ${HASH_BYTES} bytes; got ${bytes.length} bytes.`,
    );
  }
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

const MAX_ENTRY_BYTES = 0xffff;

/** Each record behind its length as a big-endian uint16. @throws TrailError `too-large` */
export function encodeEntryBundle(records: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + 2 + record.length, 0));
  let offset = 0;
  for (const record of records) {
    if (record.length > MAX_ENTRY_BYTES)
      throw new TrailError('too-large', `A record of ${record.length} bytes does not fit an entry bundle.`);
    bytes[offset] = record.length >> 8;
    bytes[offset + 1] = record.length & 0xff;
    bytes.set(record, offset + 2);
    offset += 2 + record.length;
  }
  return bytes;
}

/** @throws TrailError `bad-tile` if the bytes end inside a record or hold none or more than 256 */
export function decodeEntryBundle(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 2 + (((bytes[offset] as number) << 8) | (bytes[offset + 1] ?? 0));
    if (offset + 2 > bytes.length || end > bytes.length)
      throw new TrailError('bad-tile', `The entry bundle ends inside record ${records.length}.`);
    records.push(bytes.slice(offset + 2, end));
    offset = end;
  }
  if (records.length === 0 || records.length > TILE_WIDTH)
    throw new TrailError(
      'bad-tile',
      `An entry bundle holds 1 to ${TILE_WIDTH} records, this one ${records.length}.`,
    );
  return records;
}
