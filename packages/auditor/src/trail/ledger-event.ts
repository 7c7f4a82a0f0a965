/**
 * What one record says to the account of an id or a session, in 32-bit words: flat, so that it can wait in a file.
 * A record gives up to three: its own id, its place in a session, and the detection it refers to.
 */
export const EVENT_WORDS = 13;
export const EVENT = {
  kind: 0,
  /** Number of the record's type in TYPES. */
  type: 1,
  indexLow: 2,
  indexHigh: 3,
  /** Four words: the id that decides which account the event belongs to. */
  key: 4,
  sequence: 8,
  /** Four words that the record states: a close's counts, an erasure's records, the id of a hold. */
  stated: 9,
} as const;

/** In the order in which one record's events are judged. */
export const KIND = { record: 0, session: 1, reference: 2 } as const;

const WORD = 2 ** 32;

/** Saturated, never wrapped: no real number comes near, and a wrapped one could hide a gap. */
export const saturate = (count: number): number => Math.min(count, WORD - 1);

export function writeIndex(index: number, words: Uint32Array, at: number): void {
  words[at + EVENT.indexLow] = index % WORD;
  words[at + EVENT.indexHigh] = Math.floor(index / WORD);
}

export const readIndex = (words: Uint32Array, at: number): number =>
  words[at + EVENT.indexHigh]! * WORD + words[at + EVENT.indexLow]!;
