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

// A picture of one row takes libvips fifty times the memory of a square one with as many pixels. WebP ends here too.
const MOST_SIDE = 16_384;

/**
 * Decodes one picture a stranger sent.
 * @throws ApiError image-unsupported, image-too-large, image-unreadable
 */
export const decodeImage = async (bytes: Uint8Array, limits: DecodeLimits): Promise<RgbImage> => {
  if (sniffFormat(bytes) === undefined) throw new ApiError('image-unsupported');
  try {
    const picture = sharp(bytes, { limitInputPixels: limits.imagePixels, failOn: 'warning', pages: 1 });
    const { width, height } = await picture.metadata();
    if (Math.max(width, height) > MOST_SIDE) throw new ApiError('image-too-large');
    const { data, info } = await picture
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
