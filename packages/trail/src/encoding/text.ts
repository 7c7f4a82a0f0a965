import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { TrailError } from '../errors.ts';

const encoder = new TextEncoder();
// fatal: a lone surrogate or an over-long sequence must not be replaced silently, or two inputs share a hash.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// A lone surrogate has no UTF-8 form. Encoders write U+FFFD instead, so that two strings would share a hash.
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

export const isWellFormed = (text: string): boolean => !LONE_SURROGATE.test(text);

/** @throws TrailError `not-encodable` for a lone surrogate */
export function utf8(text: string): Uint8Array {
  if (!isWellFormed(text)) throw new TrailError('not-encodable', 'The text has a lone surrogate.');
  return encoder.encode(text);
}

/** @throws TypeError if the bytes are not valid UTF-8 */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes);

/** @throws TrailError `bad-hex` unless `hex` is lowercase and, where `length` is given, has that many bytes */
export function fromHex(hex: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex) || (length !== undefined && hex.length !== 2 * length)) {
    throw new TrailError(
      'bad-hex',
      `Got ${hex.length} characters, expected ${length === undefined ? 'an even number' : 2 * length}, 0-9 and a-f.`,
    );
  }
  return hexToBytes(hex);
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

/** Strict: padded, no whitespace, no stray bits, so that one byte string has one text. @throws TrailError `bad-base64` */
export function fromBase64(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch (cause) {
    throw new TrailError('bad-base64', `Could not decode ${text.length} characters.`, { cause });
  }
  if (toBase64(bytes) !== text)
    throw new TrailError('bad-base64', 'The text has whitespace, missing padding or stray bits.');
  return bytes;
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
