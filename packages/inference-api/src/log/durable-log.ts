import {
  formatCheckpoint,
  logIdOf,
  MAX_RECORD_BYTES,
  type NoteSigner,
  signNote,
  toHex,
} from '@testigo/trail';
import { ApiError } from '../errors.ts';
import type { Frontier } from './frontier.ts';
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
import { LogView } from './log-view.ts';
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
  readonly #store: LogStore;
  readonly #view: LogView;
  readonly #sequencer: Sequencer;

  constructor(config: LogConfig, head: SignedCheckpoint, frontier: Frontier) {
    this.origin = config.origin;
    this.logId = toHex(logIdOf(config.origin));
    this.verifierKey = config.verifierKey;
    this.#store = config.store;
    const tree = new PublishedTree(config.store, frontier);
    const sign = (size: number, root: Uint8Array) => signHead(config, size, root);
    const view = new LogView({ store: config.store, tree, sign, checkpoint: () => this.checkpoint() });
    this.#view = view;
    this.#sequencer = new Sequencer({
      store: config.store,
      frontier,
      checkpoint: head,
      options: { ...DEFAULTS, ...config.options },
      sign,
      // The sequencer asks just before it publishes, so no range check against the published size here.
      proveOld: (leafIndex, size) => view.proveLeaf(leafIndex, size),
      remember: (tiles) => tree.remember(tiles),
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

  findRecord(id: string): Promise<StoredRecord | undefined> {
    return this.#view.findRecord(id);
  }

  readRecordAt(leafIndex: number): Promise<StoredRecord> {
    return this.#view.readRecordAt(leafIndex);
  }

  proveInclusion(leafIndex: number, size?: number): Promise<InclusionProof> {
    return this.#view.proveInclusion(leafIndex, size);
  }

  proveConsistency(size1: number, size2?: number): Promise<ConsistencyProof> {
    return this.#view.proveConsistency(size1, size2);
  }

  checkpointAt(size: number): Promise<SignedCheckpoint> {
    return this.#view.checkpointAt(size);
  }

  countModels(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    return this.#view.countModels(fromSize, toSize);
  }

  readTile(level: number, index: number, width?: number): Promise<Uint8Array> {
    return this.#view.readTile(level, index, width);
  }

  readEntryBundle(index: number, width?: number): Promise<Uint8Array> {
    return this.#view.readEntryBundle(index, width);
  }

  async close(): Promise<void> {
    await this.#sequencer.drain();
    await this.#store.close();
  }
}
