import { REGISTRY_ABI } from '@testigo/contracts';
import { Interface } from 'ethers';
import {
  type AnchorAlarm,
  isInFlight,
  isOnChain,
  type SignedTransaction,
  withoutBlock,
  withoutNonce,
} from './anchor.ts';
import { type ChainView, settleIn } from './chain-view.ts';
import type { AnchoringConfig } from './config.ts';
import { askAnyNode } from './json-rpc.ts';
import { readAgreedView } from './quorum.ts';
import type { Recording, RecordingOutbox } from './recording.ts';
import { type Call, Sender } from './sender.ts';
import { simulateCall } from './simulate.ts';

const REGISTRY = new Interface(REGISTRY_ABI);

/** Transactions that wait at once, under consecutive nonces. */
const IN_FLIGHT = 16;

/** What the registry will say for ever; anything else, such as a missing role, an operator can mend. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set([
  'ModelIsRevoked',
  'DatasetIsRevoked',
  'DetectionBoundToOtherModel',
  'ModelTrainedOnOtherDataset',
]);

export type RecorderConfig = Omit<AnchoringConfig, 'outbox'> & { readonly outbox: RecordingOutbox };

interface Tracked {
  readonly recording: Recording;
  readonly transactions: readonly SignedTransaction[];
}

const listHashes = ({ recording, transactions }: Tracked): string[] => [
  ...transactions.map(({ hash }) => hash),
  ...(recording.transactionHash ? [recording.transactionHash] : []),
];

/**
 * Puts single detections on chain, from an account of its own so that no anchor ever waits for one. As with anchors, all
 * state is in the outbox and on the chain: a tick reads both and moves each recording on. The registry takes a leaf once
 * and answers the same call again with success, so nothing can be recorded twice.
 */
export class Recorder {
  readonly #config: RecorderConfig;
  readonly #sender: Sender<Recording>;

  constructor(config: RecorderConfig) {
    this.#config = config;
    this.#sender = new Sender(config, config.outbox, config.onAlarm);
  }

  async tick(): Promise<void> {
    const { outbox, log, registry, signer, nodes, depths, onAlarm } = this.#config;
    const tracked: Tracked[] = [];
    for (const recording of await outbox.listUnsettled()) {
      tracked.push({ recording, transactions: await outbox.listTransactionsOf(recording) });
    }
    if (tracked.length === 0) return;
    const transactionHashes = [...new Set(tracked.flatMap(listHashes))];
    const question = { registry, logId: log.logId, account: signer.address, transactionHashes, depths };
    const { view, isClaimable, alarms } = await readAgreedView(nodes, question);
    alarms.forEach(onAlarm);
    if (!view) return;
    const lowestNonce = Math.min(
      ...tracked.map(({ recording: { nonce = Number.POSITIVE_INFINITY } }) => nonce),
    );
    for (const entry of tracked) await this.#follow(entry, lowestNonce, view, isClaimable);
    await this.#sendQueued(view);
  }

  async #follow(entry: Tracked, lowestNonce: number, view: ChainView, isClaimable: boolean): Promise<void> {
    const { recording, transactions } = entry;
    const success = listHashes(entry)
      .flatMap((hash) => view.mined.get(hash) ?? [])
      .find(({ isSuccess }) => isSuccess);
    if (success) {
      const settled = settleIn(success, view, isClaimable);
      if (recording.state === settled.state && recording.blockHash === settled.blockHash) return;
      return this.#config.outbox.save({ ...recording, ...settled });
    }
    if (recording.state === 'queued') return;
    const latest = transactions.at(-1);
    if (isOnChain(recording)) {
      // The nodes may just not have come as far yet.
      if (view.block.number < (recording.blockNumber ?? 0)) return;
      this.#alarm('reorg', `The block of the recording of ${recording.leaf} left the chain.`);
    }
    if (!latest || view.nonce > latest.nonce) return this.#requeue(recording);
    if (isOnChain(recording)) return this.#sendAgain(recording, latest);
    // The next to be mined; a nonce below it that nothing of ours holds, a reorg deeper than `finalized` left behind.
    const isNext = latest.nonce === view.nonce || latest.nonce === lowestNonce;
    if (isNext && this.#config.now() - latest.signedAtMs >= this.#config.times.bumpAfterMs) {
      return this.#outbid(recording, latest, view);
    }
    if (this.#config.now() - (latest.sentAtMs ?? 0) >= this.#config.times.resendAfterMs)
      await this.#sender.send(recording, latest);
  }

  /** After a reorg the stored bytes go out as they were. */
  async #sendAgain(recording: Recording, latest: SignedTransaction): Promise<void> {
    const unsent: Recording = { ...withoutBlock(recording), nonce: latest.nonce, state: 'signed' };
    await this.#config.outbox.save(unsent);
    await this.#sender.send(unsent, latest);
  }

  async #outbid(recording: Recording, latest: SignedTransaction, view: ChainView): Promise<void> {
    const call = await this.#prepare(recording);
    if (!call) return;
    if (view.nonce === latest.nonce) return this.#sender.bumpFees(recording, latest, call);
    await this.#sender.signAndSend(recording, view.nonce, call);
  }

  /** Its nonce went to another transaction, or its own was mined and reverted: the next simulation says which. */
  async #requeue(recording: Recording): Promise<void> {
    this.#alarm('nonce-taken', `The recording of ${recording.leaf} waits for another nonce.`);
    await this.#config.outbox.save({ ...withoutNonce(recording), state: 'queued' });
  }

  async #sendQueued(view: ChainView): Promise<void> {
    const unsettled = await this.#config.outbox.listUnsettled();
    // Those on chain count too: after a reorg, or seen from a node that lags, their nonces look free and are not.
    const taken = new Set(unsettled.map(({ nonce }) => nonce));
    const free = Math.max(0, IN_FLIGHT - unsettled.filter(isInFlight).length);
    // From the lowest free nonce on: a gap would hold up all that come after it.
    let nonce = view.nonce;
    for (const recording of unsettled.filter(({ state }) => state === 'queued').slice(0, free)) {
      while (taken.has(nonce)) nonce++;
      const call = await this.#prepare(recording);
      if (!call) continue;
      await this.#sender.signAndSend(recording, nonce, call);
      taken.add(nonce);
    }
  }

  /** The call, unless the registry refuses it. */
  async #prepare(recording: Recording): Promise<Call | undefined> {
    const { nodes, signer, registry, outbox } = this.#config;
    const { leaf, modelVersion, datasetRoot } = recording;
    const words = [leaf, modelVersion, datasetRoot].map((digest) => `0x${digest}`);
    const data = REGISTRY.encodeFunctionData('recordDetection', words);
    const call = { from: signer.address, to: registry, data };
    const simulation = await askAnyNode(nodes, (node) => simulateCall(node, call));
    if (simulation.kind === 'gas') return { data, gas: simulation.gas };
    this.#alarm('recording-refused', `The registry refuses to record ${leaf}: ${simulation.error}.`);
    if (FINAL_REFUSALS.has(simulation.error))
      await outbox.save({ ...withoutNonce(recording), state: 'refused' });
    return undefined;
  }

  #alarm(code: AnchorAlarm['code'], detail: string): void {
    this.#config.onAlarm({ code, detail });
  }
}
