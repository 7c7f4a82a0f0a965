const startsWith = (bytes: Uint8Array, at: number, magic: readonly number[]): boolean =>
  magic.every((byte, i) => bytes[at + i] === byte);

export type PictureFormat = 'jpeg' | 'png' | 'webp';

/**
 * The format of a picture by its first bytes: JPEG SOI, PNG signature (RFC 2083 section 3.1), RIFF/WEBP (RFC 9649).
 * What is none of them must not come near libvips, which reads dozens of formats, some of them programs.
 */
export const sniffFormat = (bytes: Uint8Array): PictureFormat | undefined => {
  if (startsWith(bytes, 0, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  if (startsWith(bytes, 0, [0x52, 0x49, 0x46, 0x46]) && startsWith(bytes, 8, [0x57, 0x45, 0x42, 0x50]))
    return 'webp';
  return undefined;
};
