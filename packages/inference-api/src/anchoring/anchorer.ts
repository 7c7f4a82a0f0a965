import { toHex } from '@testigo/trail';
import {
  type Anchor,
  type AnchorAlarm,
  isInFlight,
  isOnChain,
  type SignedTransaction,
  withoutBlock,
  withoutNonce,
} from './anchor.ts';
import { prepareAnchorCall } from './anchor-call.ts';
import { findAnchorEvent } from './anchor-event.ts';
import { chooseAnchorSize, Patience } from './anchor-size.ts';
import { type ChainView, type MinedTransaction, type RegistryHead, settleIn } from './chain-view.ts';
import type { AnchoringConfig } from './config.ts';
import { readAgreedView } from './quorum.ts';
import { type Call, Sender } from './sender.ts';

interface Tracked {
  readonly anchor: Anchor;
  readonly transactions: readonly SignedTransaction[];
}

const listHashes = ({ anchor, transactions }: Tracked): string[] => [
  ...transactions.map(({ hash }) => hash),
  ...(anchor.transactionHash ? [anchor.transactionHash] : []),
];

/** The nonce that an anchor took, or will take again when a reorg drops it: one that was adopted from the chain has none. */
const nonceOf = ({ anchor, transactions }: Tracked): number | undefined =>
  anchor.state === 'queued' ? undefined : (anchor.nonce ?? transactions.at(-1)?.nonce);

/**
 * Brings the log's newest checkpoint into the registry, one anchor in flight.
 *
 * All state is in the outbox and on the chain: a tick reads both, moves each anchor to where the chain says it is, and
 * does the one next thing. Killing the process between any two lines costs nothing but time.
 */
export class Anchorer {
  readonly #config: AnchoringConfig;
  readonly #sender: Sender<Anchor>;
  readonly #patience: Patience;

  constructor(config: AnchoringConfig) {
    this.#config = config;
    this.#patience = new Patience(config.times.alignWaitMs);
    this.#sender = new Sender(config, config.outbox, config.onAlarm);
  }

  /** `isUrgent` anchors the newest checkpoint without waiting for the interval. */
  async tick(isUrgent = false): Promise<void> {
    const { outbox, log, registry, signer, nodes, depths } = this.#config;
    const tracked: Tracked[] = [];
    for (const anchor of await outbox.listUnsettled()) {
      tracked.push({ anchor, transactions: await outbox.listTransactionsOf(anchor) });
    }
    const transactionHashes = [...new Set(tracked.flatMap(listHashes))];
    const question = { registry, logId: log.logId, account: signer.address, transactionHashes, depths };
    const { view, isClaimable, alarms } = await readAgreedView(nodes, question);
    for (const { code, detail } of alarms) this.#alarm(code, detail);
    if (!view || !(await this.#isOurHead(view.head, isClaimable))) return;
    for (const entry of tracked) await this.#follow(entry, tracked, view, isClaimable);
    await this.#adoptHead(view);
    await this.#sendNext(view, isUrgent);
  }

  /** The registry's head must be a prefix of our log, or the log we hold is not the one that was anchored. */
  async #isOurHead(head: RegistryHead, isClaimable: boolean): Promise<boolean> {
    const { log } = this.#config;
    const ours =
      head.size <= log.checkpoint().size ? toHex((await log.checkpointAt(head.size)).root) : undefined;
    if (ours === head.root) return true;
    const detail = `The registry holds size ${head.size}, root ${head.root}; our log has ${ours ?? 'fewer records'}.`;
    // On the word of one node alone nobody should be woken for a fork.
    this.#alarm(isClaimable ? 'log-forked' : 'head-unconfirmed', detail);
    return false;
  }

  async #follow(
    entry: Tracked,
    all: readonly Tracked[],
    view: ChainView,
    isClaimable: boolean,
  ): Promise<void> {
    const { anchor, transactions } = entry;
    const mined = listHashes(entry).flatMap((hash) => view.mined.get(hash) ?? []);
    const success = mined.find(({ isSuccess }) => isSuccess);
    if (success) return this.#settle(anchor, success, view, isClaimable);
    if (anchor.state === 'queued') return;
    if (isOnChain(anchor)) return this.#followReorg(entry, all, view);
    const latest = transactions.at(-1);
    if (!latest)
      return this.#requeue(anchor, 'nonce-taken', `Anchor ${anchor.size} has no stored transaction.`);
    const reverted = mined.find(({ hash }) =>
      transactions.some((t) => t.hash === hash && t.nonce === latest.nonce),
    );
    if (reverted) {
      return this.#requeue(anchor, 'anchor-reverted', `Transaction ${reverted.hash} was mined and reverted.`);
    }
    await this.#press(anchor, latest, all, view);
  }

  /** The anchor's block is gone: the stored bytes go out again, as they were. */
  async #followReorg(
    { anchor, transactions }: Tracked,
    all: readonly Tracked[],
    view: ChainView,
  ): Promise<void> {
    // The nodes may just not have come as far yet.
    if (view.block.number < (anchor.blockNumber ?? 0)) return;
    const detail = `The block of anchor ${anchor.size}, ${anchor.blockHash}, left the chain.`;
    const latest = transactions.at(-1);
    // On another fork the nonce went to a later anchor: that one stays in flight, and says all this one said.
    const isReplaced = all.some(
      ({ anchor: { size, nonce } }) => size > anchor.size && nonce === latest?.nonce,
    );
    if (!latest || isReplaced) return this.#requeue(anchor, 'reorg', detail);
    this.#alarm('reorg', detail);
    const unsent: Anchor = { ...withoutBlock(anchor), nonce: latest.nonce, state: 'signed' };
    await this.#config.outbox.save(unsent);
    await this.#sender.send(unsent, latest);
  }

  /** Gets a signed transaction into a block. */
  async #press(
    anchor: Anchor,
    latest: SignedTransaction,
    all: readonly Tracked[],
    view: ChainView,
  ): Promise<void> {
    const { now, times } = this.#config;
    if (view.head.size >= anchor.size) {
      return this.#requeue(
        anchor,
        'overtaken',
        `Size ${anchor.size} was anchored by a transaction we did not store.`,
      );
    }
    if (view.nonce > latest.nonce) {
      return this.#requeue(
        anchor,
        'nonce-taken',
        `Nonce ${latest.nonce} is used by a transaction we did not store.`,
      );
    }
    const waitedMs = now() - latest.signedAtMs;
    if (waitedMs >= times.bumpAfterMs && view.nonce === latest.nonce) {
      const call = await this.#prepare(anchor, view);
      return call && this.#sender.bumpFees(anchor, latest, call);
    }
    // A gap below our nonce that no anchor of ours fills, such as a reorg deeper than `finalized` leaves behind.
    const isNextInLine = !all.some((entry) => (nonceOf(entry) ?? latest.nonce) < latest.nonce);
    if (waitedMs >= times.bumpAfterMs && isNextInLine) {
      return this.#signAndSend(anchor, view);
    }
    if (now() - (latest.sentAtMs ?? 0) >= times.resendAfterMs) await this.#sender.send(anchor, latest);
  }

  async #settle(
    anchor: Anchor,
    mined: MinedTransaction,
    view: ChainView,
    isClaimable: boolean,
  ): Promise<void> {
    const settled = settleIn(mined, view, isClaimable);
    if (anchor.state === settled.state && anchor.blockHash === settled.blockHash) return;
    await this.#config.outbox.save({ ...anchor, ...settled });
  }

  async #requeue(anchor: Anchor, code: AnchorAlarm['code'], detail: string): Promise<void> {
    this.#alarm(code, detail);
    await this.#config.outbox.save({ ...withoutNonce(anchor), state: 'queued' });
  }

  /** A head that the outbox does not know of: an older folder, or a second anchorer. Its event tells the rest. */
  async #adoptHead(view: ChainView): Promise<void> {
    const { outbox, log, nodes, registry, now } = this.#config;
    const { size, root } = view.head;
    if (size === 0) return;
    const known = await outbox.find(size);
    if (known && isOnChain(known)) return;
    const event = await findAnchorEvent(nodes, registry, log.logId, view.head, view.block.number);
    if (!event) return;
    const { note } = await log.checkpointAt(size);
    const queuedAtMs = known?.queuedAtMs ?? now();
    await outbox.save({ logId: log.logId, size, root, note, state: 'mined', queuedAtMs, ...event });
  }

  async #sendNext(view: ChainView, isUrgent: boolean): Promise<void> {
    const { outbox, log, now, times } = this.#config;
    const unsettled = await outbox.listUnsettled();
    if (unsettled.some(isInFlight)) return;
    const newest = log.checkpoint().size;
    const due = this.#patience.dueSize(newest, now());
    const chosen = isUrgent ? newest : chooseAnchorSize({ head: view.head.size, due, newest });
    const { size, root, note } = await log.checkpointAt(chosen ?? newest);
    await outbox.dropQueuedBelow(size);
    if (size <= view.head.size) return;
    const known = unsettled.find((anchor) => anchor.size === size);
    if (known && isOnChain(known)) return;
    const anchor = known ?? {
      logId: log.logId,
      size,
      root: toHex(root),
      note,
      state: 'queued',
      queuedAtMs: now(),
    };
    if (!known) await outbox.save(anchor as Anchor);
    if (chosen === undefined) return;
    const last = unsettled.filter(isOnChain).at(-1) ?? (await outbox.findLatest());
    const [transaction] = last ? (await outbox.listTransactionsOf(last)).slice(-1) : [];
    if (!isUrgent && transaction && now() - transaction.signedAtMs < times.minIntervalMs) return;
    await this.#signAndSend(anchor, view);
  }

  async #signAndSend(anchor: Anchor, view: ChainView): Promise<void> {
    const call = await this.#prepare(anchor, view);
    if (call) await this.#sender.signAndSend(anchor, view.nonce, call);
  }

  #prepare(anchor: Anchor, view: ChainView): Promise<Call | undefined> {
    return prepareAnchorCall(this.#config, anchor, view.head, this.#config.onAlarm);
  }

  #alarm(code: AnchorAlarm['code'], detail: string): void {
    this.#config.onAlarm({ code, detail });
  }
}
