// What the vector builders share. Everything is derived from fixed texts: the same bytes on every run.
import { sha256, toHex, utf8 } from '../../src/index.ts';

/** A case of a vector file: plain JSON. Byte strings are lowercase hex, without a prefix. */
export interface VectorCase {
  readonly name: string;
  /** What a verifier must say: true for "accepts". Evidence cases have an `outcome` in its place. */
  readonly valid?: boolean;
  readonly [field: string]: unknown;
}

export interface VectorFile {
  readonly name: string;
  readonly about: string;
  readonly cases: readonly VectorCase[];
}

export const hexOf = (text: string): string => toHex(utf8(text));

/** Numbers below `bound` that look random and are the same for ever. */
export function pick(seed: string, bound: number): number {
  const bytes = sha256(utf8(seed));
  return bytes.slice(0, 6).reduce((n, byte) => n * 256 + byte, 0) % bound;
}

/** The hex text with one bit flipped. */
export function flipBit(hex: string, bit = 0): string {
  const at = Math.floor(bit / 4) % hex.length;
  const digit = (Number.parseInt(hex[at]!, 16) ^ (1 << (bit % 4))).toString(16);
  return hex.slice(0, at) + digit + hex.slice(at + 1);
}

/** One case a line: a changed case is a changed line. */
export const formatVectors = ({ name, about, cases }: VectorFile): string =>
  `{"vectors":${JSON.stringify(name)},"version":1,"about":${JSON.stringify(about)},"cases":[\n${cases
    .map((c) => JSON.stringify(c))
    .join(',\n')}\n]}\n`;
