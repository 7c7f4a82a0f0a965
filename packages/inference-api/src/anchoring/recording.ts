import type { AnchorState, Submission } from './anchor.ts';
import type { SubmissionStore } from './submission-store.ts';

/** A detection that must stand on chain by itself: what `recordDetection` of the registry takes, 64 hex digits each. */
export interface Detection {
  /** The record's leaf hash. */
  readonly leaf: string;
  readonly modelVersion: string;
  readonly datasetRoot: string;
}

/** One detection on its way into the registry, or there. */
export interface Recording extends Detection, Submission {
  /** `refused`: the registry will never take it, for instance because its model was revoked meanwhile. */
  readonly state: AnchorState | 'refused';
}

/** The durable outbox of recordings, under the promises of `Outbox`. */
export interface RecordingOutbox extends SubmissionStore<Recording> {
  /** Queues a detection; one that is known already stays as it is. */
  add(detection: Detection, atMs: number): Promise<void>;
  /** Recordings that are neither finalized nor refused, oldest first. */
  listUnsettled(): Promise<readonly Recording[]>;
  find(leaf: string): Promise<Recording | undefined>;
}
