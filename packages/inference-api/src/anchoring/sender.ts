import { keccak256 } from 'ethers';
import { type AnchorAlarm, type SignedTransaction, type Submission, withoutBlock } from './anchor.ts';
import type { AnchoringConfig } from './config.ts';
import { capFees, type Fees, raiseFees, readFees } from './fees.ts';
import { askAnyNode } from './json-rpc.ts';
import type { SubmissionStore } from './submission-store.ts';

/** A call of the registry that its simulation let pass. */
export interface Call {
  readonly data: string;
  readonly gas: bigint;
}

/** A fifth above the simulation: the head's slot may cost more when another block has touched it. */
const withMargin = (gas: bigint): bigint => (gas * 6n) / 5n;

type SenderConfig = Pick<
  AnchoringConfig,
  'nodes' | 'registry' | 'chainId' | 'signer' | 'maxFeePerGas' | 'now'
>;

/** Signs, stores and sends the transactions of one account, in that order. */
export class Sender<T extends Submission> {
  readonly #config: SenderConfig;
  readonly #store: SubmissionStore<T>;
  readonly #alarm: (alarm: AnchorAlarm) => void;

  constructor(config: SenderConfig, store: SubmissionStore<T>, alarm: (alarm: AnchorAlarm) => void) {
    this.#config = config;
    this.#store = store;
    this.#alarm = alarm;
  }

  /** Signs the call with this nonce, stores it, then sends it. */
  async signAndSend(submission: T, nonce: number, call: Call): Promise<void> {
    // An abandoned transaction may still wait in some mempool under this nonce; the new one has to outbid it.
    const [rival] = (await this.#store.listTransactionsByNonce(nonce)).slice(-1);
    const current = await this.#readFees();
    const fees = capFees(rival ? raiseFees(rival, current) : current, this.#config.maxFeePerGas, rival);
    if (fees) return this.#sign(submission, nonce, call, fees);
    this.#alarm({ code: 'fee-cap', detail: `Nonce ${nonce} waits: the fee cap leaves no room to outbid.` });
  }

  /** The same but for the fees and the signature, under the same nonce. */
  async bumpFees(submission: T, previous: SignedTransaction, call: Call): Promise<void> {
    const fees = capFees(raiseFees(previous, await this.#readFees()), this.#config.maxFeePerGas, previous);
    if (fees) return this.#sign(submission, previous.nonce, call, fees);
    this.#alarm({
      code: 'fee-cap',
      detail: `Nonce ${previous.nonce} waits: the fee cap leaves no room to raise.`,
    });
    await this.send(submission, previous);
  }

  /** Sends stored bytes, again if need be, to every node. */
  async send(submission: T, transaction: SignedTransaction): Promise<void> {
    const answers = await Promise.allSettled(
      this.#config.nodes.map((node) => node('eth_sendRawTransaction', [transaction.raw])),
    );
    const isTaken = answers.some(
      (answer) =>
        answer.status === 'fulfilled' ||
        /already known|already imported|known transaction/i.test(String(answer.reason)),
    );
    if (!isTaken) return;
    await this.#store.markSent(transaction.hash, this.#config.now());
    if (submission.state !== 'broadcast') await this.#store.save({ ...submission, state: 'broadcast' });
  }

  async #sign(submission: T, nonce: number, call: Call, fees: Fees): Promise<void> {
    const { signer, registry, chainId, now } = this.#config;
    const gasLimit = withMargin(call.gas);
    const unsigned = { to: registry, data: call.data, gasLimit, nonce, chainId, type: 2, ...fees };
    const raw = await signer.signTransaction(unsigned);
    const signed = { hash: keccak256(raw), nonce, raw, ...fees, signedAtMs: now() };
    const next: T = { ...withoutBlock(submission), nonce, state: 'signed' };
    await this.#store.saveSigned(next, signed);
    await this.send(next, signed);
  }

  #readFees(): Promise<Fees> {
    return askAnyNode(this.#config.nodes, readFees);
  }
}
