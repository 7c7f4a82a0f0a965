import type { Anchor, SignedTransaction } from './anchor.ts';
import type { RecordingOutbox } from './recording.ts';
import type { SubmissionStore } from './submission-store.ts';

/**
 * The durable outbox of one log. Every method resolves after its change survives a power cut: a transaction is
 * in here before a node sees it, so a restart sends the same bytes again instead of signing others.
 */
export interface Outbox extends SubmissionStore<Anchor> {
  /** The other lane, sent from an account of its own. */
  readonly recordings: RecordingOutbox;
  /** Anchors that are not finalized, smallest first. */
  listUnsettled(): Promise<readonly Anchor[]>;
  /** Of either lane. */
  findTransaction(hash: string): Promise<SignedTransaction | undefined>;
  find(size: number): Promise<Anchor | undefined>;
  /** Removes queued anchors below this size: a later checkpoint says all they said. */
  dropQueuedBelow(size: number): Promise<void>;
  /** The smallest anchor on chain with size > leafIndex. */
  findCovering(leafIndex: number): Promise<Anchor | undefined>;
  findLatest(): Promise<Anchor | undefined>;
  close(): Promise<void>;
}
