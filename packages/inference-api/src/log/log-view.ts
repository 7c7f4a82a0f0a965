import {
  encodeEntryBundle,
  proveConsistencyFrom,
  proveInclusionFrom,
  TILE_HEIGHT,
  TILE_WIDTH,
} from '@testigo/trail';
import { ApiError } from '../errors.ts';
import { hashRaggedEdge, nodesAt, rootOf } from './frontier.ts';
import type { ConsistencyProof, InclusionProof, ModelCount, SignedCheckpoint, StoredRecord } from './log.ts';
import type { PublishedTree } from './published-tree.ts';
import type { LogStore } from './store.ts';

export interface LogViewParts {
  readonly store: Pick<LogStore, 'findLeaves' | 'readRecords' | 'sumModelCounts'>;
  readonly tree: Pick<PublishedTree, 'readNode' | 'readTile'>;
  readonly checkpoint: () => SignedCheckpoint;
  readonly sign: (size: number, root: Uint8Array) => SignedCheckpoint;
}

/** What a log publishes, read from its store up to the newest checkpoint. */
export class LogView {
  readonly #parts: LogViewParts;

  constructor(parts: LogViewParts) {
    this.#parts = parts;
  }

  async findRecord(id: string): Promise<StoredRecord | undefined> {
    const leaf = (await this.#parts.store.findLeaves([id])).get(id);
    return leaf === undefined ? undefined : (await this.#parts.store.readRecords(leaf, leaf + 1))[0];
  }

  async readRecordAt(leafIndex: number): Promise<StoredRecord> {
    this.#checkRange(leafIndex < this.#parts.checkpoint().size, leafIndex);
    const [record] = await this.#parts.store.readRecords(leafIndex, leafIndex + 1);
    if (!record) throw new ApiError('log-corrupt', `Record ${leafIndex} is missing.`);
    return record;
  }

  async proveInclusion(leafIndex: number, size = this.#parts.checkpoint().size): Promise<InclusionProof> {
    this.#checkRange(leafIndex < size && size <= this.#parts.checkpoint().size, leafIndex, size);
    return this.proveLeaf(leafIndex, size);
  }

  async proveConsistency(size1: number, size2 = this.#parts.checkpoint().size): Promise<ConsistencyProof> {
    this.#checkRange(size1 <= size2 && size2 <= this.#parts.checkpoint().size, size1, size2);
    const hashes = await proveConsistencyFrom(
      (level, index) => this.#parts.tree.readNode(level, index),
      size1,
      size2,
    );
    return { size1, size2, hashes };
  }

  async checkpointAt(size: number): Promise<SignedCheckpoint> {
    this.#checkRange(size <= this.#parts.checkpoint().size, size);
    if (size === this.#parts.checkpoint().size) return this.#parts.checkpoint();
    const nodes: Uint8Array[] = [];
    for (let level = 0; 2 ** level <= size; level++) {
      nodes.push(await this.#parts.tree.readNode(level, nodesAt(size, level) - 1));
    }
    const lastNode = (level: number) => nodes[level]!;
    return this.#parts.sign(size, rootOf(size, hashRaggedEdge(size, lastNode), lastNode));
  }

  async countModels(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    this.#checkRange(fromSize <= toSize && toSize <= this.#parts.checkpoint().size, fromSize, toSize);
    return this.#parts.store.sumModelCounts(fromSize, toSize);
  }

  async readTile(level: number, index: number, width = TILE_WIDTH): Promise<Uint8Array> {
    const available = nodesAt(this.#parts.checkpoint().size, TILE_HEIGHT * level) - index * TILE_WIDTH;
    this.#checkRange(width > 0 && width <= Math.min(TILE_WIDTH, available), level, index, width);
    return (await this.#parts.tree.readTile(level, index)).hashes(width);
  }

  async readEntryBundle(index: number, width = TILE_WIDTH): Promise<Uint8Array> {
    const start = index * TILE_WIDTH;
    const available = this.#parts.checkpoint().size - start;
    this.#checkRange(width > 0 && width <= Math.min(TILE_WIDTH, available), index, width);
    const records = await this.#parts.store.readRecords(start, start + width);
    if (records.length !== width)
      throw new ApiError('log-corrupt', `Records of bundle ${index} are missing.`);
    return encodeEntryBundle(records.map(({ bytes }) => bytes));
  }

  /** Without a range check: the caller knows the tree to be that large. */
  async proveLeaf(leafIndex: number, size: number): Promise<InclusionProof> {
    const hashes = await proveInclusionFrom(
      (level, index) => this.#parts.tree.readNode(level, index),
      leafIndex,
      size,
    );
    return { leafIndex, size, hashes };
  }

  #checkRange(isInside: boolean, ...numbers: readonly number[]): void {
    if (isInside && numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) return;
    throw new ApiError(
      'log-range',
      `Not within the ${this.#parts.checkpoint().size} records of the checkpoint.`,
    );
  }
}
