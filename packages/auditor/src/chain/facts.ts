/** Facts of a registry, read by the shell and judged by pure code. Digests are lowercase hex without 0x. */

export interface AnchorFact {
  readonly logId: string;
  readonly size: number;
  readonly root: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transaction: string;
  /** Readings by model version that its events state; absent where they were not read. */
  readonly counts?: ReadonlyMap<string, number>;
  /** Seconds since 1970, where it was asked for. */
  readonly blockTime?: number;
}

export interface ModelFact {
  readonly modelVersion: string;
  readonly datasetRoot: string;
  /** Seconds since 1970, as all times here. */
  readonly registeredAt: number;
  /** Whether the registration stands in a final block. */
  readonly isFinal: boolean;
  /** Present once the registry no longer vouches for the model. */
  readonly revokedAt?: number;
}

export interface DatasetFact {
  readonly datasetRoot: string;
  readonly size: number;
  readonly manifestDigest: string;
  readonly custodian: string;
  readonly approvedAt: number;
  /** Whether the approval stands in a final block. */
  readonly isFinal: boolean;
  readonly revokedAt?: number;
}

/** What one provider says, as of its last final block. */
export interface RegistryFacts {
  /** The provider's URL without credentials. */
  readonly source: string;
  readonly chainId: number;
  /** keccak256 of the runtime code, or absent where there is no code. */
  readonly codeHash?: string;
  readonly finalBlock: number;
  readonly latestBlock: number;
  /** Head of the log in question; absent if the registry knows no such log. */
  readonly head?: { readonly size: number; readonly root: string };
  /** Anchors of the log in question, oldest first, up to the latest block. */
  readonly anchors: readonly AnchorFact[];
  readonly model?: ModelFact;
  readonly dataset?: DatasetFact;
}

export type ChainAnswer =
  | { readonly status: 'read'; readonly facts: RegistryFacts; readonly others: readonly RegistryFacts[] }
  | { readonly status: 'not-given' }
  | { readonly status: 'not-pinned'; readonly source: string }
  | { readonly status: 'unreachable'; readonly source: string; readonly reason: string };
