import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Something that must be gone: a key, a wrapped key, a sealed payload, a salt. Random bytes, 16 at least. */
export interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Residue {
  readonly secret: string;
  /** How the bytes were found written. */
  readonly form: 'raw' | 'hex' | 'base64';
  readonly file: string;
  readonly offset: number;
}

interface Window {
  readonly secret: string;
  readonly form: Residue['form'];
  readonly bytes: Uint8Array;
}

/*
 * A database splits a long value over pages, a log line cuts it, a journal holds a part: so not the whole secret is
 * searched for but pieces of 16 bytes all over it, every 8 bytes of a key, every 64 of a long payload (pages are
 * larger). Sixteen random bytes do not occur elsewhere by chance.
 */
const WINDOW_BYTES = 16;
const SHORT_BYTES = 256;
const stepOf = (bytes: Uint8Array): number => (bytes.length <= SHORT_BYTES ? 8 : 64);

const cutWindows = (bytes: Uint8Array): Uint8Array[] => {
  const windows: Uint8Array[] = [];
  for (let at = 0; at + WINDOW_BYTES < bytes.length; at += stepOf(bytes)) {
    windows.push(bytes.subarray(at, at + WINDOW_BYTES));
  }
  windows.push(bytes.subarray(bytes.length - WINDOW_BYTES));
  return windows;
};

// Base64 of the same bytes reads three ways, by where in a group of three they start; the edges depend on neighbours.
const base64Forms = (bytes: Uint8Array): Uint8Array[] =>
  [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return Buffer.from(text.slice(shift === 0 ? 0 : 4, -2));
  });

const windowsOf = ({ name: secret, bytes }: Secret): Window[] => {
  if (bytes.length < WINDOW_BYTES) throw new RangeError(`${secret} is too short to be told from chance.`);
  const hex = Buffer.from(bytes).toString('hex');
  const forms: [Residue['form'], Uint8Array][] = [
    ['raw', bytes],
    ['hex', Buffer.from(hex)],
    ['hex', Buffer.from(hex.toUpperCase())],
    ...base64Forms(bytes).map((form): [Residue['form'], Uint8Array] => ['base64', form]),
  ];
  return forms.flatMap(([form, text]) => cutWindows(text).map((window) => ({ secret, form, bytes: window })));
};

const FILTER_BITS = 24;
const readWord = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
const bucketOf = (word: number): number => Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS);

/** Finds any of many windows in one pass: a filter on each four bytes, then a comparison. */
class WindowIndex {
  readonly #filter = new Uint8Array(2 ** FILTER_BITS / 8);
  readonly #byWord = new Map<number, Window[]>();

  constructor(windows: readonly Window[]) {
    for (const window of windows) {
      const word = readWord(window.bytes, 0);
      const bucket = bucketOf(word);
      this.#filter[bucket >> 3]! |= 1 << (bucket & 7);
      const known = this.#byWord.get(word);
      if (known) known.push(window);
      else this.#byWord.set(word, [window]);
    }
  }

  *search(data: Buffer): Generator<{ readonly window: Window; readonly at: number }> {
    for (let at = 0; at + WINDOW_BYTES <= data.length; at++) {
      const word = readWord(data, at);
      const bucket = bucketOf(word);
      if ((this.#filter[bucket >> 3]! & (1 << (bucket & 7))) === 0) continue;
      for (const window of this.#byWord.get(word) ?? []) {
        if (data.compare(window.bytes, 0, WINDOW_BYTES, at, at + WINDOW_BYTES) === 0) yield { window, at };
      }
    }
  }
}

const CHUNK_BYTES = 4 * 1024 * 1024;

function* readChunks(file: string): Generator<{ readonly data: Buffer; readonly start: number }> {
  const handle = openSync(file, 'r');
  const buffer = Buffer.alloc(CHUNK_BYTES + WINDOW_BYTES - 1);
  try {
    // Chunks overlap by one byte less than a window, so that none hides on a border.
    for (let start = 0; ; start += CHUNK_BYTES) {
      const length = readSync(handle, buffer, 0, buffer.length, start);
      if (length >= WINDOW_BYTES) yield { data: buffer.subarray(0, length), start };
      if (length < buffer.length) return;
    }
  } finally {
    closeSync(handle);
  }
}

/** Every file under a folder: databases, write-ahead logs, journals, logs, whatever lies there. */
export const listFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Where any part of the secrets is still written, in the clear, as hex or as base64. Empty: nothing is left. */
export const scanForResidue = (files: readonly string[], secrets: readonly Secret[]): readonly Residue[] => {
  const index = new WindowIndex(secrets.flatMap(windowsOf));
  const found: Residue[] = [];
  for (const file of files) {
    for (const { data, start } of readChunks(file)) {
      for (const { window, at } of index.search(data)) {
        found.push({ secret: window.secret, form: window.form, file, offset: start + at });
      }
    }
  }
  return found;
};
