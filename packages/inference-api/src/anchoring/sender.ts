import { keccak256 } from 'ethers';
import type { Anchor, AnchorAlarm, SignedTransaction } from './anchor.ts';
import { encodeAnchorCall, simulateCall } from './anchor-call.ts';
import type { RegistryHead } from './chain-view.ts';
import type { AnchoringConfig } from './config.ts';
import { capFees, type Fees, raiseFees, readFees } from './fees.ts';
import { RpcError } from './json-rpc.ts';

/** A fifth above the simulation: the head's slot may cost more when another block has touched it. */
const withMargin = (gas: bigint): bigint => (gas * 6n) / 5n;

type Alarm = (alarm: AnchorAlarm) => void;

/** Builds, signs, stores and sends transactions, in that order. */
export class Sender {
  readonly #config: AnchoringConfig;
  readonly #alarm: Alarm;

  constructor(config: AnchoringConfig, alarm: Alarm) {
    this.#config = config;
    this.#alarm = alarm;
  }

  /** Signs the anchor from `head` with this nonce, stores it, then sends it. Nothing happens where it would revert. */
  async signAndSend(anchor: Anchor, head: RegistryHead, nonce: number): Promise<void> {
    const call = await this.#prepareCall(anchor, head);
    if (!call) return;
    // An abandoned transaction may still wait in some mempool under this nonce; the new one has to outbid it.
    const [rival] = (await this.#config.outbox.listTransactionsByNonce(nonce)).slice(-1);
    const current = await this.#readFees();
    const fees = capFees(rival ? raiseFees(rival, current) : current, this.#config.maxFeePerGas, rival);
    if (fees) return this.#sign(anchor, nonce, call, fees);
    this.#alarm({ code: 'fee-cap', detail: `Nonce ${nonce} waits: the fee cap leaves no room to outbid.` });
  }

  /** The same bytes but for the fees and the signature, under the same nonce. */
  async bumpFees(anchor: Anchor, previous: SignedTransaction, head: RegistryHead): Promise<void> {
    const call = await this.#prepareCall(anchor, head);
    if (!call) return;
    const fees = capFees(raiseFees(previous, await this.#readFees()), this.#config.maxFeePerGas, previous);
    if (fees) return this.#sign(anchor, previous.nonce, call, fees);
    this.#alarm({
      code: 'fee-cap',
      detail: `Nonce ${previous.nonce} waits: the fee cap leaves no room to raise.`,
    });
    await this.send(anchor, previous);
  }

  /** Sends stored bytes, again if need be, to every node. */
  async send(anchor: Anchor, transaction: SignedTransaction): Promise<void> {
    const answers = await Promise.allSettled(
      this.#config.nodes.map((node) => node('eth_sendRawTransaction', [transaction.raw])),
    );
    const isTaken = answers.some(
      (answer) =>
        answer.status === 'fulfilled' ||
        /already known|already imported|known transaction/i.test(String(answer.reason)),
    );
    if (!isTaken) return;
    await this.#config.outbox.markSent(transaction.hash, this.#config.now());
    if (anchor.state !== 'broadcast') await this.#config.outbox.save({ ...anchor, state: 'broadcast' });
  }

  async #prepareCall(anchor: Anchor, head: RegistryHead): Promise<{ data: string; gas: bigint } | undefined> {
    const { log, registry, signer } = this.#config;
    let models = await log.countModels(head.size, anchor.size);
    for (;;) {
      const data = await encodeAnchorCall(log, head, anchor, models);
      const simulation = await this.#askAnyNode((node) =>
        simulateCall(node, { from: signer.address, to: registry, data }),
      );
      if (simulation.kind === 'gas') return { data, gas: withMargin(simulation.gas) };
      const unknown = simulation.error === 'ModelUnknown' ? String(simulation.args[0]).slice(2) : undefined;
      if (unknown === undefined || !models.some(({ modelVersion }) => modelVersion === unknown)) {
        const detail = `The registry refuses the anchor of size ${anchor.size}: ${simulation.error}.`;
        this.#alarm({ code: 'anchor-refused', detail });
        return undefined;
      }
      // The log must reach the chain whatever it holds; an unregistered model is for the auditor to find.
      this.#alarm({
        code: 'model-unregistered',
        detail: `Model ${unknown} has records but is not registered.`,
      });
      models = models.filter(({ modelVersion }) => modelVersion !== unknown);
    }
  }

  async #sign(anchor: Anchor, nonce: number, call: { data: string; gas: bigint }, fees: Fees): Promise<void> {
    const { signer, registry, chainId, outbox, now } = this.#config;
    const unsigned = { to: registry, data: call.data, gasLimit: call.gas, nonce, chainId, type: 2, ...fees };
    const raw = await signer.signTransaction(unsigned);
    const signed = { hash: keccak256(raw), size: anchor.size, nonce, raw, ...fees, signedAtMs: now() };
    const { transactionHash: _t, blockNumber: _n, blockHash: _h, ...rest } = anchor;
    const next: Anchor = { ...rest, nonce, state: 'signed' };
    await outbox.saveSigned(next, signed);
    await this.send(next, signed);
  }

  #readFees(): Promise<Fees> {
    return this.#askAnyNode(readFees);
  }

  async #askAnyNode<T>(ask: (node: AnchoringConfig['nodes'][number]) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (const node of this.#config.nodes) {
      try {
        return await ask(node);
      } catch (error) {
        failure = error;
        if (error instanceof RpcError) continue;
      }
    }
    throw failure;
  }
}
