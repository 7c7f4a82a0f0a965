import { EMPTY_ROOT, logIdOf, toHex } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import { type LogConfig, signHead } from './durable-log.ts';
import { Frontier, hashRaggedEdge, rootOf } from './frontier.ts';
import { hashRecordBytes } from './hashing.ts';
import type {
  ConsistencyProof,
  InclusionProof,
  ModelCount,
  Receipt,
  SignedCheckpoint,
  StoredRecord,
  TransparencyLog,
} from './log.ts';
import { LogView } from './log-view.ts';
import { checkHead } from './open-log.ts';
import { PublishedTree, resumeFrontier } from './published-tree.ts';
import { lookupIn } from './sequencer.ts';
import type { LogReader, LogStore, StoredHead } from './store.ts';

export type FollowerStore = LogReader & Pick<LogStore, 'findLeaves'>;
export type FollowerConfig = Omit<LogConfig, 'store' | 'options'> & { readonly store: FollowerStore };

/** Up to so many new records are hashed onto the edge that is known; past it the edge is read anew. */
const CATCH_UP_RECORDS = 4_096;

type Moment = {
  readonly checkpoint: SignedCheckpoint;
  readonly frontier: Frontier;
  readonly tree: PublishedTree;
};

/**
 * A log that another process writes, read behind it. Nothing is served that was not checked: the stored checkpoint is
 * this log's and the stored records hash to it. What a caller asks for beyond it is looked for once more first, so
 * that a record whose receipt somebody holds is found here too.
 */
export class FollowerLog implements TransparencyLog {
  readonly origin: string;
  readonly logId: string;
  readonly verifierKey: string;
  readonly #config: FollowerConfig;
  readonly #view: LogView;
  readonly #listeners = new Set<(checkpoint: SignedCheckpoint) => void>();
  #moment: Moment;
  #refreshing: Promise<void> | undefined;

  /** @throws ApiError `log-corrupt` if what is stored is not a log that this origin and key signed */
  static async open(config: FollowerConfig): Promise<FollowerLog> {
    const log = new FollowerLog(config);
    await log.refresh();
    return log;
  }

  private constructor(config: FollowerConfig) {
    this.origin = config.origin;
    this.logId = toHex(logIdOf(config.origin));
    this.verifierKey = config.verifierKey;
    this.#config = config;
    this.#moment = this.#momentOf(signHead(config, 0, EMPTY_ROOT), new Frontier());
    this.#view = new LogView({
      store: config.store,
      tree: {
        readNode: (level, index) => this.#moment.tree.readNode(level, index),
        readTile: (level, index) => this.#moment.tree.readTile(level, index),
      },
      checkpoint: () => this.checkpoint(),
      sign: (size, root) => signHead(config, size, root),
    });
  }

  /** Moves on to the newest stored checkpoint. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#advance().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  checkpoint(): SignedCheckpoint {
    return this.#moment.checkpoint;
  }

  async append(): Promise<Receipt> {
    throw new ApiError('not-writer');
  }

  async appendAll(): Promise<readonly Receipt[]> {
    throw new ApiError('not-writer');
  }

  async findRecord(id: string): Promise<StoredRecord | undefined> {
    const record = await this.#view.findRecord(id);
    if (record) await this.#reach(record.leafIndex + 1);
    return record;
  }

  async readRecordAt(leafIndex: number): Promise<StoredRecord> {
    await this.#reach(leafIndex + 1);
    return this.#view.readRecordAt(leafIndex);
  }

  async proveInclusion(leafIndex: number, size?: number): Promise<InclusionProof> {
    await this.#reach(Math.max(leafIndex + 1, size ?? 0));
    return this.#view.proveInclusion(leafIndex, size);
  }

  async proveConsistency(size1: number, size2?: number): Promise<ConsistencyProof> {
    await this.#reach(Math.max(size1, size2 ?? 0));
    return this.#view.proveConsistency(size1, size2);
  }

  async checkpointAt(size: number): Promise<SignedCheckpoint> {
    await this.#reach(size);
    return this.#view.checkpointAt(size);
  }

  async countModels(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    await this.#reach(toSize);
    return this.#view.countModels(fromSize, toSize);
  }

  readTile(level: number, index: number, width?: number): Promise<Uint8Array> {
    return this.#view.readTile(level, index, width);
  }

  readEntryBundle(index: number, width?: number): Promise<Uint8Array> {
    return this.#view.readEntryBundle(index, width);
  }

  onCheckpoint(listener: (checkpoint: SignedCheckpoint) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#refreshing?.catch(() => undefined);
    await this.#config.store.close();
  }

  async #reach(size: number): Promise<void> {
    if (size > this.checkpoint().size) await this.refresh();
  }

  #momentOf(checkpoint: SignedCheckpoint, frontier: Frontier): Moment {
    return { checkpoint, frontier, tree: new PublishedTree(this.#config.store, frontier) };
  }

  async #advance(): Promise<void> {
    const stored = await this.#config.store.readHead();
    const { size } = this.checkpoint();
    if (!stored || stored.size === size) return;
    const checkpoint = checkHead(this.#config, stored);
    if (stored.size < size)
      throw new ApiError('log-corrupt', `The log had ${size} records and has ${stored.size}.`);
    const isNear = stored.size - size <= CATCH_UP_RECORDS;
    const caughtUp = isNear ? await this.#catchUp(this.#moment, stored) : undefined;
    const frontier = caughtUp ?? (await resumeFrontier(this.#config.store, stored));
    this.#moment = caughtUp ? { ...this.#moment, checkpoint } : this.#momentOf(checkpoint, frontier);
    for (const listener of this.#listeners) listener(checkpoint);
  }

  /** Hashes the new records onto the edge; undefined where they do not make the stored root. */
  async #catchUp({ frontier, tree }: Moment, stored: StoredHead): Promise<Frontier | undefined> {
    const from = frontier.size;
    const records = await this.#config.store.readRecords(from, stored.size);
    if (from > stored.size || records.length !== stored.size - from) return undefined;
    for (const { bytes } of records) frontier.append(hashRecordBytes(bytes));
    const completed = frontier.takeCompleted();
    tree.remember(completed);
    const node = lookupIn(frontier, completed);
    const root = rootOf(stored.size, hashRaggedEdge(stored.size, node), node);
    return Buffer.compare(root, stored.root) === 0 ? frontier : undefined;
  }
}
