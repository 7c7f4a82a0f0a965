import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { emptyPicture } from '../../test/support/pictures.ts';
import { decodeImage } from './decode.ts';

const limits = { imagePixels: 1_000_000, decodeTimeoutMs: 1_000 };
const codeOf = (bytes: Uint8Array) =>
  decodeImage(bytes, limits).then(
    () => 'decoded',
    (error) => error.code,
  );

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc32 = (bytes: Uint8Array) =>
  (bytes.reduce((c, b) => crcTable[(c ^ b) & 255]! ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
};

/** A PNG header that claims `side` x `side` pixels over a few hundred bytes of zeros. */
const pngBomb = (side: number): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(100_000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};

describe('decodeImage', () => {
  it('decodes the three formats to the same size in RGB', async () => {
    const jpeg = await emptyPicture(64, 48);
    for (const bytes of [jpeg, await sharp(jpeg).png().toBuffer(), await sharp(jpeg).webp().toBuffer()]) {
      const { width, height, pixels } = await decodeImage(bytes, limits);
      expect([width, height, pixels.length]).toEqual([64, 48, 64 * 48 * 3]);
    }
  });

  it('refuses a picture of one endless row or column, however few pixels it has', async () => {
    const row = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: 'gray' } })
        .png()
        .toBuffer();
    expect(await codeOf(await row(65_535, 1))).toBe('decoded');
    expect(await codeOf(await row(65_536, 1))).toBe('image-too-large');
    expect(await codeOf(await row(1, 65_536))).toBe('image-too-large');
  });

  it('turns a picture upright as its EXIF says, and drops the alpha and gray forms', async () => {
    const pixels = Buffer.alloc(40 * 20 * 4, 200);
    const raw = { raw: { width: 40, height: 20, channels: 4 as const } };
    const turned = await sharp(pixels, raw).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decodeImage(turned, limits)).toMatchObject({ width: 20, height: 40 });
    const gray = await sharp(pixels, raw).grayscale().png().toBuffer();
    expect((await decodeImage(gray, limits)).pixels).toHaveLength(40 * 20 * 3);
  });

  it('refuses other formats before a decoder sees them', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const tiff = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
      .tiff()
      .toBuffer();
    const gif = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
      .gif()
      .toBuffer();
    for (const bytes of [svg, tiff, gif, Buffer.alloc(0), Buffer.from('ÿ')])
      expect(await codeOf(bytes)).toBe('image-unsupported');
  });

  it('refuses what claims more pixels than allowed without decoding it', async () => {
    expect(await codeOf(pngBomb(1_001))).toBe('image-too-large');
    expect(await codeOf(pngBomb(60_000))).toBe('image-too-large');
  });

  it('refuses truncated and damaged pictures', async () => {
    const jpeg = await emptyPicture(128, 96);
    expect(await codeOf(jpeg.subarray(0, jpeg.length >> 1))).toBe('image-unreadable');
    expect(await codeOf(Buffer.concat([jpeg.subarray(0, 3), Buffer.alloc(500)]))).toBe('image-unreadable');
    expect(await codeOf(pngBomb(300).subarray(0, 60))).toBe('image-unreadable');
  });
});
