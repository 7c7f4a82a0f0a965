/** What both lanes of the engine, anchors and recordings, know of something on its way to the chain. */
export interface Submission {
  readonly state: string;
  readonly queuedAtMs: number;
  /** The nonce its transactions are signed with, while one is. */
  readonly nonce?: number;
  /** The mined transaction and where it is. */
  readonly transactionHash?: string;
  readonly blockNumber?: number;
  readonly blockHash?: string;
}

/** The outbox's states. A crash resumes from the stored one; a reorg moves an anchor back to `broadcast`. */
export type AnchorState =
  /** A checkpoint waits to be anchored. A newer checkpoint replaces it. */
  | 'queued'
  /** Its transaction is signed and on disk. */
  | 'signed'
  /** At least one node took the transaction. */
  | 'broadcast'
  /** In a block of the canonical chain. */
  | 'mined'
  /** Under the chain's `safe` block. */
  | 'safe'
  /** Under the chain's `finalized` block: what may be claimed to an auditor. */
  | 'finalized';

/** One checkpoint on its way into the registry, or there. */
export interface Anchor extends Submission {
  readonly logId: string;
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
  /** The signed checkpoint. */
  readonly note: string;
  readonly state: AnchorState;
}

/** A signed transaction, stored before any node sees it. Its siblings with the same nonce differ in fee only. */
export interface SignedTransaction {
  readonly hash: string;
  readonly nonce: number;
  readonly raw: string;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly signedAtMs: number;
  readonly sentAtMs?: number;
}

/** What an operator must hear of. Anchoring goes on by itself where that is safe; the log never waits for it. */
export type AnchorAlarmCode =
  | 'chain-unreachable'
  | 'provider-down'
  | 'provider-lagging'
  | 'providers-disagree'
  | 'log-forked'
  | 'head-unconfirmed'
  | 'reorg'
  | 'nonce-taken'
  | 'overtaken'
  | 'anchor-reverted'
  | 'anchor-refused'
  | 'model-unregistered'
  | 'recording-refused'
  | 'fee-cap';

export interface AnchorAlarm {
  readonly code: AnchorAlarmCode;
  readonly detail: string;
}

export const isInFlight = ({ state }: Submission): boolean => state === 'signed' || state === 'broadcast';
export const isOnChain = ({ state }: Submission): boolean =>
  state === 'mined' || state === 'safe' || state === 'finalized';

/** The same, as it was before a block held it. */
export const withoutBlock = <T extends Submission>(submission: T): T => {
  const { transactionHash: _t, blockNumber: _n, blockHash: _h, ...rest } = submission;
  return rest as T;
};

/** The same, as it was before anything was signed for it. */
export const withoutNonce = <T extends Submission>(submission: T): T => {
  const { nonce: _, ...rest } = withoutBlock(submission);
  return rest as T;
};
