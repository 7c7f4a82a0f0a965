import {
  encodeEntryBundle,
  formatCheckpoint,
  logIdOf,
  MAX_RECORD_BYTES,
  type NoteSigner,
  proveConsistencyFrom,
  proveInclusionFrom,
  signNote,
  TILE_HEIGHT,
  TILE_WIDTH,
  toHex,
} from '@testigo/trail';
import { ApiError } from '../errors.ts';
import { type Frontier, hashRaggedEdge, nodesAt, rootOf } from './frontier.ts';
import type {
  ConsistencyProof,
  EncodedRecord,
  InclusionProof,
  ModelCount,
  Receipt,
  SignedCheckpoint,
  StoredRecord,
  TransparencyLog,
} from './log.ts';
import { PublishedTree } from './published-tree.ts';
import { Sequencer, type SequencerOptions } from './sequencer.ts';
import type { LogStore } from './store.ts';

export interface LogConfig {
  readonly store: LogStore;
  readonly origin: string;
  readonly signer: NoteSigner;
  /** The signer's C2SP verifier key. */
  readonly verifierKey: string;
  /** Keys that signed this log's checkpoints before a rotation: the stored head may still carry their signature. */
  readonly retiredVerifierKeys?: readonly string[];
  readonly options?: Partial<SequencerOptions>;
}

const DEFAULTS: SequencerOptions = {
  batchDelayMs: 20,
  batchRecords: 512,
  maxBatchRecords: 4_096,
  waitingRecords: 32_768,
};

export const signHead = (
  { origin, signer }: Pick<LogConfig, 'origin' | 'signer'>,
  size: number,
  root: Uint8Array,
): SignedCheckpoint => ({ size, root, note: signNote(formatCheckpoint({ origin, size, root }), signer) });

const checkLeaf = ({ id, bytes, modelVersion }: EncodedRecord): void => {
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new ApiError('record-invalid', 'A record id has 32 lowercase hex digits.');
  if (modelVersion !== undefined && !/^[0-9a-f]{64}$/.test(modelVersion)) {
    throw new ApiError('record-invalid', 'A model version has 64 lowercase hex digits.');
  }
  if (bytes.length > MAX_RECORD_BYTES) throw new ApiError('record-too-large');
};

/** The log over a store; `openLog` makes it. */
export class DurableLog implements TransparencyLog {
  readonly origin: string;
  readonly logId: string;
  readonly verifierKey: string;
  readonly #config: LogConfig;
  readonly #store: LogStore;
  readonly #tree: PublishedTree;
  readonly #sequencer: Sequencer;

  constructor(config: LogConfig, head: SignedCheckpoint, frontier: Frontier) {
    this.origin = config.origin;
    this.logId = toHex(logIdOf(config.origin));
    this.verifierKey = config.verifierKey;
    this.#config = config;
    this.#store = config.store;
    this.#tree = new PublishedTree(config.store, frontier);
    this.#sequencer = new Sequencer({
      store: config.store,
      frontier,
      checkpoint: head,
      options: { ...DEFAULTS, ...config.options },
      sign: (size, root) => signHead(config, size, root),
      // The sequencer asks just before it publishes, so no range check against the published size here.
      proveOld: (leafIndex, size) => this.#proveLeaf(leafIndex, size),
      remember: (tiles) => this.#tree.remember(tiles),
    });
  }

  async append(record: EncodedRecord): Promise<Receipt> {
    checkLeaf(record);
    return (await this.#sequencer.append([record]))[0]!;
  }

  async appendAll(records: readonly EncodedRecord[]): Promise<readonly Receipt[]> {
    records.forEach(checkLeaf);
    return records.length === 0 ? [] : this.#sequencer.append(records);
  }

  checkpoint(): SignedCheckpoint {
    return this.#sequencer.checkpoint;
  }

  onCheckpoint(listener: (checkpoint: SignedCheckpoint) => void): () => void {
    return this.#sequencer.onCheckpoint(listener);
  }

  async findRecord(id: string): Promise<StoredRecord | undefined> {
    const leaf = (await this.#store.findLeaves([id])).get(id);
    return leaf === undefined ? undefined : (await this.#store.readRecords(leaf, leaf + 1))[0];
  }

  async readRecordAt(leafIndex: number): Promise<StoredRecord> {
    this.#checkRange(leafIndex < this.checkpoint().size, leafIndex);
    const [record] = await this.#store.readRecords(leafIndex, leafIndex + 1);
    if (!record) throw new ApiError('log-corrupt', `Record ${leafIndex} is missing.`);
    return record;
  }

  async proveInclusion(leafIndex: number, size = this.checkpoint().size): Promise<InclusionProof> {
    this.#checkRange(leafIndex < size && size <= this.checkpoint().size, leafIndex, size);
    return this.#proveLeaf(leafIndex, size);
  }

  async proveConsistency(size1: number, size2 = this.checkpoint().size): Promise<ConsistencyProof> {
    this.#checkRange(size1 <= size2 && size2 <= this.checkpoint().size, size1, size2);
    const hashes = await proveConsistencyFrom(
      (level, index) => this.#tree.readNode(level, index),
      size1,
      size2,
    );
    return { size1, size2, hashes };
  }

  async checkpointAt(size: number): Promise<SignedCheckpoint> {
    this.#checkRange(size <= this.checkpoint().size, size);
    if (size === this.checkpoint().size) return this.checkpoint();
    const nodes: Uint8Array[] = [];
    for (let level = 0; 2 ** level <= size; level++) {
      nodes.push(await this.#tree.readNode(level, nodesAt(size, level) - 1));
    }
    const lastNode = (level: number) => nodes[level]!;
    return signHead(this.#config, size, rootOf(size, hashRaggedEdge(size, lastNode), lastNode));
  }

  async countModels(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    this.#checkRange(fromSize <= toSize && toSize <= this.checkpoint().size, fromSize, toSize);
    return this.#store.sumModelCounts(fromSize, toSize);
  }

  async readTile(level: number, index: number, width = TILE_WIDTH): Promise<Uint8Array> {
    const available = nodesAt(this.checkpoint().size, TILE_HEIGHT * level) - index * TILE_WIDTH;
    this.#checkRange(width > 0 && width <= Math.min(TILE_WIDTH, available), level, index, width);
    return (await this.#tree.readTile(level, index)).hashes(width);
  }

  async readEntryBundle(index: number, width = TILE_WIDTH): Promise<Uint8Array> {
    const start = index * TILE_WIDTH;
    const available = this.checkpoint().size - start;
    this.#checkRange(width > 0 && width <= Math.min(TILE_WIDTH, available), index, width);
    const records = await this.#store.readRecords(start, start + width);
    if (records.length !== width)
      throw new ApiError('log-corrupt', `Records of bundle ${index} are missing.`);
    return encodeEntryBundle(records.map(({ bytes }) => bytes));
  }

  async close(): Promise<void> {
    await this.#sequencer.drain();
    await this.#store.close();
  }

  async #proveLeaf(leafIndex: number, size: number): Promise<InclusionProof> {
    const hashes = await proveInclusionFrom(
      (level, index) => this.#tree.readNode(level, index),
      leafIndex,
      size,
    );
    return { leafIndex, size, hashes };
  }

  #checkRange(isInside: boolean, ...numbers: readonly number[]): void {
    if (isInside && numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) return;
    throw new ApiError('log-range', `Not within the ${this.checkpoint().size} records of the checkpoint.`);
  }
}
