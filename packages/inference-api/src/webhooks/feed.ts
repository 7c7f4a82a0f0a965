import { randomBytes } from 'node:crypto';
import type { TransparencyLog } from '../log/log.ts';
import type { RegistryWatch } from '../registry/registry-watch.ts';
import type { StateStore } from '../state/state-store.ts';
import { type AnchorSource, readAnchorEvents, readStandingEvents } from './chain-source.ts';
import { readLogEvents } from './log-source.ts';
import { encodeWebhookBody, isMeantFor, type WebhookEvent } from './webhook-events.ts';
import type { DeliveryRow, EndpointRow, Told, WebhookStore } from './webhook-store.ts';

export type FeedParts = {
  readonly store: WebhookStore;
  readonly log: TransparencyLog;
  readonly state: Pick<StateStore, 'findSession'>;
  readonly watch: Pick<RegistryWatch, 'standing' | 'blockNumber'>;
  /** Undefined where the log is anchored nowhere. */
  readonly anchors: AnchorSource | undefined;
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly modelVersion: string;
  readonly now: () => number;
};

/** One delivery of the event for each endpoint it is meant for; they share its id. */
export const toDeliveries = (
  event: WebhookEvent,
  endpoints: readonly EndpointRow[],
  nowMs: number,
): readonly DeliveryRow[] => {
  const eventId = `msg_${randomBytes(16).toString('hex')}`;
  const body = encodeWebhookBody(event);
  return endpoints
    .filter((endpoint) => endpoint.disabledAtMs === undefined && isMeantFor(event, endpoint))
    .map(({ id }) => ({
      endpointId: id,
      eventId,
      type: event.type,
      body,
      state: 'waiting',
      attempts: 0,
      createdAtMs: nowMs,
      dueAtMs: nowMs,
    }));
};

const isSame = (a: Told, b: Told): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Looks at everything that endpoints are told of and queues what is new. Returns whether the log holds more. */
export const feedDeliveries = async (parts: FeedParts): Promise<{ readonly hasMore: boolean }> => {
  const { store, log, now } = parts;
  const [endpoints, told] = [await store.listEndpoints(), await store.readTold()];
  const nowMs = now();
  const size = log.checkpoint().size;
  // Where nobody listens the log is not read: an endpoint hears of what happens after it was made.
  const fromLog =
    endpoints.length === 0
      ? { events: [], leaves: size }
      : await readLogEvents(parts, Math.min(told.leaves ?? size, size));
  const fromChain = parts.anchors
    ? await readAnchorEvents(parts.anchors, parts.registry, told, nowMs)
    : { events: [], told: {} };
  const { events: fromStanding, standing } = readStandingEvents(parts.watch, parts.modelVersion, told, nowMs);
  const next: Told = { leaves: fromLog.leaves, ...fromChain.told, standing };
  if (!isSame(told, next)) {
    const events = [...fromLog.events, ...fromChain.events, ...fromStanding];
    await store.enqueue(
      events.flatMap((event) => toDeliveries(event, endpoints, nowMs)),
      next,
    );
  }
  return { hasMore: fromLog.leaves < log.checkpoint().size };
};
