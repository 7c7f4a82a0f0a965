import type { Anchor, SignedTransaction } from './anchor.ts';

/**
 * The durable outbox of one log. Every method resolves after its change survives a power cut: a transaction is
 * in here before a node sees it, so a restart sends the same bytes again instead of signing others.
 */
export interface Outbox {
  /** Anchors that are not finalized, smallest first. */
  listUnsettled(): Promise<readonly Anchor[]>;
  listTransactions(size: number): Promise<readonly SignedTransaction[]>;
  /** What competes for a nonce: a new transaction under it must pay more than these. */
  listTransactionsByNonce(nonce: number): Promise<readonly SignedTransaction[]>;
  findTransaction(hash: string): Promise<SignedTransaction | undefined>;
  find(size: number): Promise<Anchor | undefined>;
  /** Inserts or replaces the anchor of this size. */
  save(anchor: Anchor): Promise<void>;
  /** Stores the signed transaction and its anchor's new state together. */
  saveSigned(anchor: Anchor, transaction: SignedTransaction): Promise<void>;
  markSent(hash: string, atMs: number): Promise<void>;
  /** Removes queued anchors below this size: a later checkpoint says all they said. */
  dropQueuedBelow(size: number): Promise<void>;
  /** The smallest anchor on chain with size > leafIndex. */
  findCovering(leafIndex: number): Promise<Anchor | undefined>;
  findLatest(): Promise<Anchor | undefined>;
  close(): Promise<void>;
}
