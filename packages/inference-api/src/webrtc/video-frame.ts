import sharp from 'sharp';
import type { VideoFrame, WebRtc } from './load-wrtc.ts';

// The codec has already thrown away what a quality of 95 would; twice the bytes would buy nothing.
const JPEG = { quality: 95, chromaSubsampling: '4:2:0' } as const;

/**
 * A decoded video frame as the JPEG that is read and whose digest is recorded. WebRTC hands over no picture that
 * sender and service both have, so the digest binds the record to what was read, not to what was sent.
 */
export const toJpeg = async ({ nonstandard }: WebRtc, frame: VideoFrame): Promise<Uint8Array> => {
  const { width, height, rotation = 0 } = frame;
  const rgba = { width, height, data: new Uint8ClampedArray(width * height * 4) };
  nonstandard.i420ToRgba(frame, rgba);
  return sharp(rgba.data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .rotate(rotation)
    .jpeg(JPEG)
    .toBuffer();
};
