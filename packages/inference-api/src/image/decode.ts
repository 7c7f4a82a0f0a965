import { sniffFormat } from '@testigo/model/picture-format';
import sharp from 'sharp';
import { ApiError } from '../errors.ts';

/** Interleaved RGB, eight bits a channel, upright. */
export type RgbImage = { readonly width: number; readonly height: number; readonly pixels: Uint8Array };
export type DecodeLimits = { readonly imagePixels: number; readonly decodeTimeoutMs: number };

// libvips reads dozens of formats (SVG, PDF, TIFF, raw …), each one attack surface on bytes a stranger sent.
// All loaders are blocked for the whole process, then the three that video calls need are let in.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
});
// One frame is small: a thread of its own a frame costs more than it gives, and a cache would keep faces in memory.
sharp.concurrency(1);
sharp.cache(false);

// A PNG of one row takes libvips ten times the memory of a square one with as many pixels. JPEG's and WebP's own sizes
// end here.
const MOST_SIDE = 65_535;

/** RFC 2083, sections 3.2 and 4.1.1: a PNG begins with IHDR, whose data begins with width and height. */
const isTooLong = (png: Uint8Array): boolean => {
  if (png.length < 24) return false;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return Math.max(view.getUint32(16), view.getUint32(20)) > MOST_SIDE;
};

/**
 * Decodes one picture a stranger sent.
 * @throws ApiError image-unsupported, image-too-large, image-unreadable
 */
export const decodeImage = async (bytes: Uint8Array, limits: DecodeLimits): Promise<RgbImage> => {
  const format = sniffFormat(bytes);
  if (format === undefined) throw new ApiError('image-unsupported');
  if (format === 'png' && isTooLong(bytes)) throw new ApiError('image-too-large');
  try {
    const { data, info } = await sharp(bytes, {
      limitInputPixels: limits.imagePixels,
      failOn: 'warning',
      pages: 1,
    })
      .timeout({ seconds: Math.max(1, Math.ceil(limits.decodeTimeoutMs / 1000)) })
      .autoOrient()
      .flatten({ background: '#808080' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3)
      throw new ApiError('image-unreadable', `It decodes to ${info.channels} channels.`);
    return { width: info.width, height: info.height, pixels: data };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // sharp has no error codes; the limit is the one message that deserves its own answer.
    if (error instanceof Error && /pixel limit/i.test(error.message))
      throw new ApiError('image-too-large', undefined, { cause: error });
    throw new ApiError('image-unreadable', undefined, { cause: error });
  }
};
