import type { AnchorAlarm } from './anchor.ts';
import { type ChainQuestion, type ChainView, readChainView } from './chain-view.ts';
import type { JsonRpc } from './json-rpc.ts';

/** A node this many blocks behind the best one is left out instead of holding the others back. */
const MAX_LAG_BLOCKS = 20;

export interface AgreedView {
  /** Undefined where no node answered, or the nodes contradict each other. */
  readonly view: ChainView | undefined;
  /** Whether enough nodes agreed for a claim to an auditor. */
  readonly isClaimable: boolean;
  readonly alarms: readonly AnchorAlarm[];
}

const describe = ({ block, head, nonce, mined }: ChainView): string => {
  const receipts = [...mined.values()].map(
    ({ hash, block: { hash: at }, isSuccess }) => `${hash}@${at}:${isSuccess}`,
  );
  return JSON.stringify([block, head.size, head.root, nonce, receipts.sort()]);
};

const settle = async <T>(reads: readonly Promise<T>[]) => {
  const results = await Promise.allSettled(reads);
  return {
    values: results.flatMap((result, at) =>
      result.status === 'fulfilled' ? [{ at, value: result.value }] : [],
    ),
    errors: results.flatMap((result, at) =>
      result.status === 'rejected' ? [{ at, error: result.reason }] : [],
    ),
  };
};

/**
 * Asks every node, then compares what each says of the newest block that all of them have. One node that lies or
 * forked off is noticed; it cannot move an anchor's state, because nothing is concluded while they disagree.
 */
export const readAgreedView = async (
  nodes: readonly JsonRpc[],
  question: ChainQuestion,
): Promise<AgreedView> => {
  const alarms: AnchorAlarm[] = [];
  const first = await settle(nodes.map((node) => readChainView(node, question)));
  for (const { at, error } of first.errors) {
    alarms.push({ code: 'provider-down', detail: `Node ${at + 1} of ${nodes.length}: ${String(error)}` });
  }
  const best = Math.max(...first.values.map(({ value }) => value.block.number));
  const current = first.values.filter(({ value }) => value.block.number >= best - MAX_LAG_BLOCKS);
  if (current.length < first.values.length) {
    alarms.push({ code: 'provider-lagging', detail: `A node is more than ${MAX_LAG_BLOCKS} blocks behind.` });
  }
  if (current.length === 0) {
    alarms.push({ code: 'chain-unreachable', detail: 'No node answered.' });
    return { view: undefined, isClaimable: false, alarms };
  }
  const height = Math.min(...current.map(({ value }) => value.block.number));
  const pinned = await settle(
    current.map(({ at, value }) =>
      value.block.number === height ? Promise.resolve(value) : readChainView(nodes[at]!, question, height),
    ),
  );
  const views = pinned.values.map(({ value }) => value);
  const [view] = views;
  if (!view || pinned.errors.length > 0) return { view: undefined, isClaimable: false, alarms };
  if (new Set(views.map(describe)).size > 1) {
    const detail = `At block ${height} the nodes say: ${views.map(describe).join(' / ')}`;
    return {
      view: undefined,
      isClaimable: false,
      alarms: [...alarms, { code: 'providers-disagree', detail }],
    };
  }
  const lowest = (read: (view: ChainView) => number) => Math.min(...views.map(read));
  return {
    view: {
      ...view,
      safeNumber: lowest((v) => v.safeNumber),
      finalizedNumber: lowest((v) => v.finalizedNumber),
    },
    isClaimable: views.length >= Math.min(2, nodes.length),
    alarms,
  };
};
