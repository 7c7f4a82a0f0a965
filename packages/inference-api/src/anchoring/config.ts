import type { TransparencyLog } from '../log/log.ts';
import type { AnchorAlarm } from './anchor.ts';
import type { JsonRpc } from './json-rpc.ts';
import type { Outbox } from './outbox.ts';

/** Holds the log's key in the registry: an ethers Wallet, or a KMS behind the same two members. */
export interface AnchorSigner {
  readonly address: string;
  signTransaction(transaction: {
    readonly to: string;
    readonly data: string;
    readonly gasLimit: bigint;
    readonly nonce: number;
    readonly chainId: number;
    readonly type: number;
    readonly maxFeePerGas: bigint;
    readonly maxPriorityFeePerGas: bigint;
  }): Promise<string>;
}

export interface AnchoringTimes {
  /** Between two looks at the chain. */
  readonly pollMs: number;
  /** Between two anchors, so that a busy log does not pay for one every block. */
  readonly minIntervalMs: number;
  /** How long a record may wait for a size at which an anchor is cheap (`chooseAnchorSize`); 0 waits for none. */
  readonly alignWaitMs: number;
  /** A transaction that no block holds after this long is sent again, byte for byte. */
  readonly resendAfterMs: number;
  /** After this long it is signed again under the same nonce with higher fees. */
  readonly bumpAfterMs: number;
}

export const DEFAULT_TIMES: AnchoringTimes = {
  pollMs: 1_000,
  minIntervalMs: 10_000,
  alignWaitMs: 30_000,
  resendAfterMs: 15_000,
  bumpAfterMs: 60_000,
};

export interface AnchoringConfig {
  readonly log: TransparencyLog;
  readonly outbox: Outbox;
  /** Two or more nodes of different operators; one is enough on a local chain. */
  readonly nodes: readonly JsonRpc[];
  readonly registry: string;
  readonly chainId: number;
  readonly signer: AnchorSigner;
  readonly maxFeePerGas: bigint;
  readonly depths: { readonly safe: number; readonly finalized: number };
  readonly times: AnchoringTimes;
  readonly now: () => number;
  readonly onAlarm: (alarm: AnchorAlarm) => void;
}
