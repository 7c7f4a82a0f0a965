import { ApiError } from '../errors.ts';
import { countByModel, type Placement, planBatch } from './deduplicate.ts';
import { type Frontier, hashRaggedEdge, locateNode, type NodeLookup, proveLeaf, rootOf } from './frontier.ts';
import { hashRecordBytes } from './hashing.ts';
import type { EncodedRecord, InclusionProof, Receipt, SignedCheckpoint, StoredRecord } from './log.ts';
import type { LogStore } from './store.ts';
import type { Tile } from './tile.ts';

export interface SequencerOptions {
  /** How long the first record of a batch waits for company. */
  readonly batchDelayMs: number;
  /** A batch is committed at once when it has this many records. */
  readonly batchRecords: number;
  /** What waited while the disk was busy goes into one batch, up to so many records. */
  readonly maxBatchRecords: number;
  /** Records that may wait; beyond it appends are refused with `log-overloaded`. */
  readonly waitingRecords: number;
}

interface Request {
  readonly records: readonly EncodedRecord[];
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (error: unknown) => void;
}

interface SequencerParts {
  readonly store: LogStore;
  readonly frontier: Frontier;
  readonly sign: (size: number, root: Uint8Array) => SignedCheckpoint;
  readonly options: SequencerOptions;
  readonly checkpoint: SignedCheckpoint;
  /** Proves a leaf of an earlier batch against the newest checkpoint. */
  readonly proveOld: (leafIndex: number, size: number) => Promise<InclusionProof>;
  /** Told of complete tiles before they are committed, so that readers find them while that lasts. */
  readonly remember: (tiles: readonly Tile[]) => void;
}

/** Finds nodes on the right edge, and in the tiles that the newest records completed. */
export const lookupIn = (frontier: Frontier, completed: readonly Tile[]): NodeLookup => {
  const tiles = new Map(completed.map((tile) => [`${tile.level}/${tile.index}`, tile]));
  return (level, index) => {
    const { tileLevel, tileIndex, height, position } = locateNode(level, index);
    const edge = frontier.edgeTile(tileLevel);
    const tile = edge?.index === tileIndex ? edge : tiles.get(`${tileLevel}/${tileIndex}`);
    if (!tile) throw new Error(`node ${level}/${index} is not on the right edge`);
    return tile.node(height, position);
  };
};

/** Turns appends into group commits: one durable write, one signature and one checkpoint for all that wait. */
export class Sequencer {
  readonly #parts: SequencerParts;
  readonly #listeners = new Set<(checkpoint: SignedCheckpoint) => void>();
  #checkpoint: SignedCheckpoint;
  #waiting: Request[] = [];
  #waitingRecords = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #failure: ApiError | undefined;

  constructor(parts: SequencerParts) {
    this.#parts = parts;
    this.#checkpoint = parts.checkpoint;
  }

  get checkpoint(): SignedCheckpoint {
    return this.#checkpoint;
  }

  onCheckpoint(listener: (checkpoint: SignedCheckpoint) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  append(records: readonly EncodedRecord[]): Promise<readonly Receipt[]> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (
      this.#waitingRecords > 0 &&
      this.#waitingRecords + records.length > this.#parts.options.waitingRecords
    ) {
      return Promise.reject(new ApiError('log-overloaded'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
      this.#waitingRecords += records.length;
      this.#schedule();
    });
  }

  /** Commits what waits; later appends are refused. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running) await (this.#running ?? this.#run());
    this.#failure ??= new ApiError('log-unavailable', 'The log is closed.');
  }

  #schedule(): void {
    if (this.#running) return;
    const { batchDelayMs, batchRecords } = this.#parts.options;
    if (this.#waitingRecords >= batchRecords) void this.#run();
    else this.#timer ??= setTimeout(() => void this.#run(), batchDelayMs);
  }

  #run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#commitBatch(this.#takeBatch()).finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#schedule();
    });
    return this.#running;
  }

  #takeBatch(): Request[] {
    let records = 0;
    let taken = 0;
    while (taken < this.#waiting.length && records < this.#parts.options.maxBatchRecords) {
      records += this.#waiting[taken++]!.records.length;
    }
    this.#waitingRecords -= records;
    return this.#waiting.splice(0, taken);
  }

  async #commitBatch(batch: readonly Request[]): Promise<void> {
    try {
      if (this.#failure) throw this.#failure;
      await this.#append(batch);
    } catch (cause) {
      // After a failed write nobody knows what reached the disk; only reading it again, at the next start, tells.
      this.#failure ??= new ApiError('log-unavailable', 'The log cannot write; nothing was acknowledged.', {
        cause,
      });
      for (const { reject } of batch) reject(this.#failure);
    }
  }

  async #append(batch: readonly Request[]): Promise<void> {
    const { store, frontier } = this.#parts;
    const firstLeaf = frontier.size;
    const plan = await planBatch(
      batch.map(({ records }) => records),
      firstLeaf,
      (ids) => this.#findKnown(ids),
    );
    for (const record of plan.fresh) frontier.append(hashRecordBytes(record.bytes));
    const completedTiles = frontier.takeCompleted();
    this.#parts.remember(completedTiles);
    const node = lookupIn(frontier, completedTiles);
    const edge = hashRaggedEdge(frontier.size, node);
    if (plan.fresh.length > 0) {
      const head = this.#parts.sign(frontier.size, rootOf(frontier.size, edge, node));
      const modelCounts = countByModel(plan.fresh, firstLeaf);
      const tiles = completedTiles.map((tile) => tile.toCompleted());
      await store.commit({ firstLeaf, records: plan.fresh, completedTiles: tiles, modelCounts, head });
      this.#publish(head);
    }
    const prove = (leafIndex: number): InclusionProof | Promise<InclusionProof> => {
      const size = frontier.size;
      if (leafIndex < firstLeaf) return this.#parts.proveOld(leafIndex, size);
      return { leafIndex, size, hashes: proveLeaf(leafIndex, size, edge, node) };
    };
    await Promise.all(batch.map((request, at) => this.#answer(request, plan.outcomes[at]!, prove)));
  }

  async #answer(
    { records, resolve, reject }: Request,
    outcome: readonly Placement[] | ApiError,
    prove: (leafIndex: number) => InclusionProof | Promise<InclusionProof>,
  ): Promise<void> {
    if (outcome instanceof ApiError) return reject(outcome);
    const checkpoint = this.#checkpoint;
    const receipts: Receipt[] = [];
    for (const [at, { leafIndex, isDuplicate }] of outcome.entries()) {
      const proof = prove(leafIndex);
      const settled = proof instanceof Promise ? await proof : proof;
      receipts.push({ recordId: records[at]!.id, leafIndex, isDuplicate, proof: settled, checkpoint });
    }
    resolve(receipts);
  }

  async #findKnown(ids: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    const leaves = await this.#parts.store.findLeaves(ids);
    const known = new Map<string, StoredRecord>();
    for (const [id, leaf] of leaves) {
      const [record] = await this.#parts.store.readRecords(leaf, leaf + 1);
      if (record?.id !== id) throw new ApiError('log-corrupt', `The index of record ${id} points elsewhere.`);
      known.set(id, record);
    }
    return known;
  }

  #publish(checkpoint: SignedCheckpoint): void {
    this.#checkpoint = checkpoint;
    for (const listener of this.#listeners) queueMicrotask(() => listener(checkpoint));
  }
}
