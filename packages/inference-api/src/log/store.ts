import type { EncodedRecord, ModelCount, StoredRecord } from './log.ts';

/** What a log has promised so far. */
export interface StoredHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** A tile that will never change again. */
export interface CompletedTile {
  readonly level: number;
  readonly index: number;
  readonly root: Uint8Array;
  /** Its 256 hashes, joined. */
  readonly hashes: Uint8Array;
}

/** Detections of one model among the leaves that end at `size` and begin where the count before ends. */
export interface ModelCountAt extends ModelCount {
  readonly size: number;
}

/** Everything one group commit makes durable, all of it or nothing. */
export interface Commit {
  /** The leaf index of the first record: the size before. */
  readonly firstLeaf: number;
  readonly records: readonly EncodedRecord[];
  readonly completedTiles: readonly CompletedTile[];
  readonly modelCounts: readonly ModelCountAt[];
  readonly head: StoredHead;
}

/** Reads what was committed. */
export interface LogReader {
  readHead(): Promise<StoredHead | undefined>;
  readRecords(fromLeaf: number, toLeaf: number): Promise<readonly StoredRecord[]>;
  /** The 256 hashes of a complete tile. */
  readTile(level: number, index: number): Promise<Uint8Array | undefined>;
  /** The roots of complete tiles [from, to) of a level, joined. */
  readTileRoots(level: number, from: number, to: number): Promise<Uint8Array>;
  /** Over the counts whose size is in (fromSize, toSize]. */
  sumModelCounts(fromSize: number, toSize: number): Promise<readonly ModelCount[]>;
  close(): Promise<void>;
}

/**
 * Where a log keeps its records, tiles and head. SQLite fills it on one machine; PostgreSQL can past it.
 *
 * A store MUST have one writer: opening a second one throws `log-locked`, also from another process, and the
 * lock MUST be gone when its holder was killed. `commit` MUST resolve only after its data survive a power cut,
 * and MUST reject a commit whose `firstLeaf` is not the stored size.
 */
export interface LogStore extends LogReader {
  /** Leaf indexes of the ids that the log holds already, by id. */
  findLeaves(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  commit(commit: Commit): Promise<void>;
}
