/** The log as the rest of the service sees it: append a record, get its proof; read what the log publishes. */

/** A record in its canonical form, ready to become a leaf. */
export interface EncodedRecord {
  /** The record's own id: 32 lowercase hex digits. The log holds an id once, for ever. */
  readonly id: string;
  /** The canonical bytes (`encodeRecord`), 65,535 at most. */
  readonly bytes: Uint8Array;
  /** For a DETECTION, the model version (64 hex digits): anchors name models with their counts. */
  readonly modelVersion?: string;
}

export interface InclusionProof {
  readonly leafIndex: number;
  /** The tree size the proof is for. */
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export interface ConsistencyProof {
  readonly size1: number;
  readonly size2: number;
  readonly hashes: readonly Uint8Array[];
}

/** A signed statement of the log's size and root: C2SP tlog-checkpoint in a C2SP signed note. */
export interface SignedCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** The whole signed note, as `GET /checkpoint` serves it. */
  readonly note: string;
}

/** What a caller holds once `append` resolves: everything that proves the record, verifiable offline. */
export interface Receipt {
  readonly recordId: string;
  readonly leafIndex: number;
  /** True when the log already held these very bytes: nothing was appended. */
  readonly isDuplicate: boolean;
  /** Against `checkpoint`: `proof.size === checkpoint.size`. */
  readonly proof: InclusionProof;
  readonly checkpoint: SignedCheckpoint;
}

export interface StoredRecord {
  readonly id: string;
  readonly leafIndex: number;
  readonly bytes: Uint8Array;
}

/** Sizes between two checkpoints that `countModels` knows too: its multiples. */
export const ANCHOR_STEP = 64;

export interface ModelCount {
  /** 64 hex digits. */
  readonly modelVersion: string;
  readonly count: number;
}

/**
 * A durable append-only log (RFC 6962 tree, C2SP formats) with one writer.
 *
 * Errors are `ApiError`s: `record-id-taken`, `record-too-large`, `log-overloaded`, `log-unavailable` from the
 * appends; `log-range` from proofs, tiles and bundles beyond the published size.
 */
export interface TransparencyLog {
  /** The checkpoint's first line: the log's name, a schema-less URL such as `log.example.org/calls`. */
  readonly origin: string;
  /** sha256(utf8(origin)), 64 hex digits: the log's id in the registry. */
  readonly logId: string;
  /** The C2SP verifier key that `checkpoint` notes are signed with. */
  readonly verifierKey: string;

  /** Resolves after the record is on disk and covered by the signed checkpoint in the receipt. */
  append(record: EncodedRecord): Promise<Receipt>;
  /** One receipt a record, in order, all against the same checkpoint; rejects as a whole. */
  appendAll(records: readonly EncodedRecord[]): Promise<readonly Receipt[]>;

  /** The newest signed checkpoint; a fresh log has one of size 0. */
  checkpoint(): SignedCheckpoint;
  findRecord(id: string): Promise<StoredRecord | undefined>;
  readRecordAt(leafIndex: number): Promise<StoredRecord>;
  /** At `size`, by default the newest checkpoint's. */
  proveInclusion(leafIndex: number, size?: number): Promise<InclusionProof>;
  proveConsistency(size1: number, size2?: number): Promise<ConsistencyProof>;
  /**
   * The signed checkpoint of any size up to the newest. An append-only tree has one root a size and Ed25519 one
   * signature a message, so this is the very note that was published at that size, if one was.
   */
  checkpointAt(size: number): Promise<SignedCheckpoint>;
  /** Detections by model version among the leaves [fromSize, toSize). Each is the size of a published checkpoint, or a multiple of `ANCHOR_STEP`. */
  countModels(fromSize: number, toSize: number): Promise<readonly ModelCount[]>;

  /** C2SP tile bytes: `width` hashes, 256 for a full tile. */
  readTile(level: number, index: number, width?: number): Promise<Uint8Array>;
  /** C2SP entry bundle bytes: `width` records, each with its uint16 length before it. */
  readEntryBundle(index: number, width?: number): Promise<Uint8Array>;

  /** Called after every new checkpoint; returns the function that ends it. */
  onCheckpoint(listener: (checkpoint: SignedCheckpoint) => void): () => void;
  /** Commits what waits, then lets go of the writer lock. */
  close(): Promise<void>;
}
