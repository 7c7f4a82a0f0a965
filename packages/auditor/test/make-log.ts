import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  appendToRange,
  type CompactRange,
  emptyRange,
  encodeEntryBundle,
  entryBundlePath,
  type Hash,
  hashLeaf,
  proveConsistencyFrom,
  rootOfRange,
  TILE_HEIGHT,
  TILE_WIDTH,
  tilePath,
} from '@testigo/trail';

/** A folder that serves a log in the layout of C2SP tlog-tiles, written record by record. */
export class LogFolder {
  readonly #dir: string;
  /** Hashes of perfect subtrees by level. */
  readonly #levels: Hash[][] = [];
  #range: CompactRange = emptyRange();
  #bundle: Uint8Array[] = [];

  constructor(dir: string) {
    this.#dir = dir;
  }

  get root(): Hash {
    return rootOfRange(this.#range);
  }

  append(record: Uint8Array): void {
    this.#range = appendToRange(this.#range, hashLeaf(record), (level, _, hash) => {
      this.#levels[level] ??= [];
      this.#levels[level].push(hash);
    });
    this.#bundle.push(record);
    if (this.#bundle.length === TILE_WIDTH) this.#putBundle();
  }

  proveConsistency(size1: number, size2: number): Promise<Hash[]> {
    return proveConsistencyFrom((level, index) => this.#levels[level]![index]!, size1, size2);
  }

  put(path: string, bytes: Uint8Array | string): void {
    mkdirSync(dirname(join(this.#dir, path)), { recursive: true });
    writeFileSync(join(this.#dir, path), bytes);
  }

  finish(checkpoint: string): void {
    if (this.#bundle.length > 0) this.#putBundle();
    for (let level = 0; level < this.#levels.length; level += TILE_HEIGHT) {
      const nodes = this.#levels[level]!;
      for (let i = 0; i * TILE_WIDTH < nodes.length; i++) {
        const part = nodes.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH);
        this.put(tilePath(level / TILE_HEIGHT, i, part.length), Buffer.concat(part));
      }
    }
    this.put('checkpoint', checkpoint);
  }

  #putBundle(): void {
    const index = Math.floor((this.#range.size - 1) / TILE_WIDTH);
    this.put(entryBundlePath(index, this.#bundle.length), encodeEntryBundle(this.#bundle));
    this.#bundle = [];
  }
}

/** Writes a folder that serves these records under this checkpoint, whatever the checkpoint says. */
export function writeLog(dir: string, records: readonly Uint8Array[], checkpoint: string): void {
  const log = new LogFolder(dir);
  for (const record of records) log.append(record);
  log.finish(checkpoint);
}
