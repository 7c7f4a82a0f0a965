/** The on-chain fact that covers a record, as an evidence bundle names it. */
export type AnchorFact = {
  readonly chainId: number;
  /** Lowercase, with 0x. */
  readonly registry: string;
  readonly logId: string;
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
  /** With 0x. */
  readonly transaction: string;
  readonly blockNumber: number;
};

export type AnchoringStatus =
  | { readonly state: 'unanchored' | 'pending' }
  | { readonly state: 'mined' | 'safe' | 'finalized'; readonly anchor: AnchorFact };

/** What the rest of the service needs to know of anchoring. */
export type AnchoringView = {
  /** The earliest anchor that covers this leaf, or how far one has come. */
  statusOf(leafIndex: number): Promise<AnchoringStatus>;
};
