import { fromHex, sha256, utf8 } from '@testigo/trail';

/**
 * Indices below `size`, without repeats, in an order that nobody knew before the block of the anchor was made: the
 * operator committed to the log first, so a false record is drawn with the same chance as any other.
 * Draw i is SHA-256("testigo/replay/v1" || block hash || root || i as uint32), its first 8 bytes modulo `size`;
 * the bias is below size / 2^64.
 */
export function* drawIndices(blockHash: string, root: string, size: number): Generator<number> {
  const seed = Uint8Array.from([
    ...utf8('testigo/replay/v1'),
    ...fromHex(blockHash.replace(/^0x/, '')),
    ...fromHex(root),
  ]);
  const drawn = new Set<number>();
  for (let i = 0; drawn.size < size; i++) {
    const input = new Uint8Array(seed.length + 4);
    input.set(seed);
    new DataView(input.buffer).setUint32(seed.length, i);
    const hash = sha256(input);
    const index = Number(new DataView(hash.buffer, hash.byteOffset).getBigUint64(0) % BigInt(size));
    if (drawn.has(index)) continue;
    drawn.add(index);
    yield index;
  }
}
