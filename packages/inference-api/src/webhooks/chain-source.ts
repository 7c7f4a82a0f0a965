import type { Anchor } from '../anchoring/anchor.ts';
import type { RegistryWatch } from '../registry/registry-watch.ts';
import type { WebhookEvent } from './webhook-events.ts';
import type { Told } from './webhook-store.ts';

export type AnchorSource = {
  /** The first anchor on chain that covers this leaf. */
  findAnchor(leafIndex: number): Promise<Anchor | undefined>;
};

type Registry = { readonly chainId: number; readonly address: string };

const describeAnchor = (anchor: Anchor, registry: Registry) => ({
  state: anchor.state,
  logId: anchor.logId,
  size: anchor.size,
  root: anchor.root,
  chainId: registry.chainId,
  registry: registry.address.toLowerCase(),
  transaction: anchor.transactionHash,
  blockNumber: anchor.blockNumber,
});

const listAnchors = async (source: AnchorSource, through: number): Promise<readonly Anchor[]> => {
  const anchors: Anchor[] = [];
  for (let anchor = await source.findAnchor(through); anchor; anchor = await source.findAnchor(anchor.size))
    anchors.push(anchor);
  return anchors;
};

/** What changed about the anchors since `told`. An anchor that lost its block in a reorganisation is pending again. */
export const readAnchorEvents = async (
  source: AnchorSource,
  registry: Registry,
  told: Told,
  nowMs: number,
): Promise<{ readonly events: readonly WebhookEvent[]; readonly told: Told }> => {
  const before = told.anchors ?? {};
  const anchors = await listAnchors(source, told.anchorsThrough ?? 0);
  const states = Object.fromEntries(anchors.map(({ size, state }) => [String(size), state]));
  const toEvent = (data: Record<string, unknown>): WebhookEvent => ({
    type: 'anchoring.changed',
    timeMs: nowMs,
    data,
  });
  const changed = anchors
    .filter(({ size, state }) => before[size] !== state)
    .map((anchor) => toEvent(describeAnchor(anchor, registry)));
  const lost = Object.keys(before)
    .filter((size) => before[size] !== 'pending' && states[size] === undefined)
    .map((size) => toEvent({ state: 'pending', size: Number(size), chainId: registry.chainId }));
  const firstOpen = anchors.findIndex(({ state }) => state !== 'finalized');
  const settled = firstOpen < 0 ? anchors : anchors.slice(0, firstOpen);
  const anchorsThrough = settled.at(-1)?.size ?? told.anchorsThrough ?? 0;
  const open = Object.entries({
    ...Object.fromEntries(Object.keys(before).map((size) => [size, 'pending'])),
    ...states,
  }).filter(([size]) => Number(size) > anchorsThrough);
  return { events: [...lost, ...changed], told: { anchorsThrough, anchors: Object.fromEntries(open) } };
};

/** Readings stopped or resumed since `told`. The very first look tells nothing: nobody was told otherwise. */
export const readStandingEvents = (
  watch: Pick<RegistryWatch, 'standing' | 'blockNumber'>,
  modelVersion: string,
  told: Told,
  nowMs: number,
): { readonly events: readonly WebhookEvent[]; readonly standing: string } => {
  const current = watch.standing();
  const standing = current.mayRead ? 'may-read' : current.code;
  if (told.standing === undefined || told.standing === standing) return { events: [], standing };
  const blockNumber = watch.blockNumber();
  const data = {
    mayRead: current.mayRead,
    ...(current.mayRead ? {} : { code: current.code }),
    modelVersion,
    ...(blockNumber === undefined ? {} : { blockNumber }),
  };
  return { events: [{ type: 'standing.changed', timeMs: nowMs, data }], standing };
};
