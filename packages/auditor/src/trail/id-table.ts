import { randomBytes } from 'node:crypto';

const WORDS = 4;
const EMPTY = 0xffffffff;

/** 32 bits of which the upper ones are evenly spread. */
export type IdHash = (words: Uint32Array, offset: number) => number;

/**
 * Multiply-shift hashing (Dietzfelbinger et al., 1997) with multipliers that nobody knows beforehand: ids cannot be
 * chosen so that they all fall together. Only time and memory depend on the draw, never a result.
 */
export function drawIdHash(): IdHash {
  const multipliers = new Uint32Array(new Uint8Array(randomBytes(4 * WORDS)).buffer);
  return (words, offset) => {
    let sum = 0;
    for (let i = 0; i < WORDS; i++) sum = (sum + Math.imul(words[offset + i]!, multipliers[i]! | 1)) | 0;
    return sum >>> 0;
  };
}

/**
 * A hash table from 128-bit ids to rows of 32-bit numbers, in flat arrays: a log of millions of records fits in tens
 * of megabytes where a Map of strings would take a gigabyte. Keys are compared in full.
 */
export class IdTable {
  readonly #width: number;
  readonly #hash = drawIdHash();
  #capacity = 1 << 10;
  #slots: Uint32Array;
  #keys: Uint32Array;
  #rows: Uint32Array;
  #size = 0;

  constructor(width: number) {
    this.#width = width;
    this.#slots = new Uint32Array(this.#capacity).fill(EMPTY);
    this.#keys = new Uint32Array((this.#capacity / 2) * WORDS);
    this.#rows = new Uint32Array((this.#capacity / 2) * width);
  }

  /** Forgets everything and keeps its memory for what comes next. */
  clear(): void {
    this.#slots.fill(EMPTY);
    this.#rows.fill(0);
    this.#size = 0;
  }

  get size(): number {
    return this.#size;
  }

  /** The row number of the id in `words[offset..offset+3]`, or -1. */
  find(words: Uint32Array, offset: number): number {
    const entry = this.#slots[this.#probe(words, offset)]!;
    return entry === EMPTY ? -1 : entry;
  }

  /** The row number of the id; a new row is all zero. */
  insert(words: Uint32Array, offset: number): { row: number; isNew: boolean } {
    const slot = this.#probe(words, offset);
    const entry = this.#slots[slot]!;
    if (entry !== EMPTY) return { row: entry, isNew: false };
    const row = this.#size;
    if ((row + 1) * 2 > this.#capacity) {
      this.#grow();
      return this.insert(words, offset);
    }
    this.#slots[slot] = row;
    for (let i = 0; i < WORDS; i++) this.#keys[row * WORDS + i] = words[offset + i]!;
    this.#size += 1;
    return { row, isNew: true };
  }

  get(row: number, column: number): number {
    return this.#rows[row * this.#width + column]!;
  }

  set(row: number, column: number, value: number): void {
    this.#rows[row * this.#width + column] = value;
  }

  keyOf(row: number): string {
    return formatId(this.#keys, row * WORDS);
  }

  #probe(words: Uint32Array, offset: number): number {
    const mask = this.#capacity - 1;
    let slot = this.#hash(words, offset) >>> (Math.clz32(this.#capacity) + 1);
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === EMPTY || this.#isKey(entry, words, offset)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isKey(row: number, words: Uint32Array, offset: number): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#keys[row * WORDS + i] !== words[offset + i]) return false;
    return true;
  }

  #grow(): void {
    const [keys, rows] = [this.#keys, this.#rows];
    this.#capacity *= 2;
    this.#slots = new Uint32Array(this.#capacity).fill(EMPTY);
    this.#keys = new Uint32Array((this.#capacity / 2) * WORDS);
    this.#rows = new Uint32Array((this.#capacity / 2) * this.#width);
    this.#keys.set(keys);
    this.#rows.set(rows);
    for (let row = 0; row < this.#size; row++) this.#slots[this.#probe(this.#keys, row * WORDS)] = row;
  }
}

/** 32 hex digits as four words. */
export function writeId(id: string, words: Uint32Array, offset: number): void {
  for (let i = 0; i < WORDS; i++) words[offset + i] = Number.parseInt(id.slice(i * 8, i * 8 + 8), 16);
}

export function formatId(words: Uint32Array, offset: number): string {
  return Array.from(words.subarray(offset, offset + WORDS), (word) =>
    word.toString(16).padStart(8, '0'),
  ).join('');
}
