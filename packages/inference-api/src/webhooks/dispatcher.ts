import type { Logger } from '../logging.ts';
import { unseal } from '../vault/seal.ts';
import { type FeedParts, feedDeliveries } from './feed.ts';
import { nextRetryMs, type RetryTimes } from './retry.ts';
import { type SendOutcome, sendWebhook } from './send-webhook.ts';
import { signWebhook } from './signature.ts';
import type { TargetGuard } from './target-guard.ts';
import type { DeliveryRow, EndpointRow, Settlement } from './webhook-store.ts';

export type DispatcherParts = FeedParts & {
  readonly masterKey: Uint8Array;
  readonly guard: TargetGuard;
  readonly times: RetryTimes & {
    readonly pollMs: number;
    readonly timeoutMs: number;
    readonly keptMs: number;
  };
  readonly random: () => number;
  readonly logger: Logger;
};

export type Dispatcher = {
  start(): void;
  /** Waits a little for attempts under way; what is cut off is sent again at the next start, under the same id. */
  stop(): Promise<void>;
};

/** One slow receiver must not hold the others, nor be flooded. */
const IN_FLIGHT_EACH = 4;
const STOP_GRACE_MS = 2_000;
const FORGET_EVERY_MS = 3_600_000;

export const secretContext = (endpointId: string): string => `testigo/webhook-secret/v1/${endpointId}`;

const secretsOf = (endpoint: EndpointRow, masterKey: Uint8Array, nowMs: number): readonly string[] => {
  const sealed = [
    endpoint.sealedSecret,
    ...(endpoint.previous && endpoint.previous.untilMs > nowMs ? [endpoint.previous.sealedSecret] : []),
  ];
  return sealed.map((secret) =>
    Buffer.from(unseal(masterKey, secretContext(endpoint.id), secret)).toString(),
  );
};

/** What an attempt makes of its delivery. */
const settle = (
  { endpointId, eventId, attempts, dueAtMs }: DeliveryRow,
  sent: SendOutcome,
  { times, random, now }: Pick<DispatcherParts, 'times' | 'random' | 'now'>,
): Settlement => {
  const lastAtMs = now();
  const made = attempts + 1;
  const done = { endpointId, eventId, attempts: made, dueAtMs, lastAtMs, lastOutcome: sent.outcome };
  if (sent.isDelivered) return { ...done, state: 'delivered' };
  const retryMs = sent.isGone ? undefined : nextRetryMs(times, made, random(), sent.retryAfterMs);
  return retryMs === undefined
    ? { ...done, state: 'dead' }
    : { ...done, state: 'waiting', dueAtMs: lastAtMs + retryMs };
};

/** Tells the endpoints what they are owed, at least once, in the background of the service. */
export const createDispatcher = (parts: DispatcherParts): Dispatcher => {
  const { store, logger, now, times } = parts;
  const inFlight = new Map<string, Promise<void>>();
  const cut = new AbortController();
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let forgottenAtMs = 0;

  const attempt = async (endpoint: EndpointRow, delivery: DeliveryRow): Promise<void> => {
    const { eventId: id, type, body } = delivery;
    const timestampSeconds = Math.floor(now() / 1000);
    const headers = signWebhook(secretsOf(endpoint, parts.masterKey, now()), { id, timestampSeconds, body });
    const { timeoutMs } = times;
    const startedAt = performance.now();
    const sent = await sendWebhook(
      { url: endpoint.url, headers, body },
      { guard: parts.guard, timeoutMs, signal: cut.signal },
    );
    // Cut off by our own end, not by the receiver: not an attempt.
    if (!sent.isDelivered && cut.signal.aborted) return;
    const settlement = settle(delivery, sent, parts);
    await store.settle(settlement);
    if (!sent.isDelivered && sent.isGone) await store.disableEndpoint(endpoint.id, now());
    const webhook = { endpoint: endpoint.id, event: id, type, state: settlement.state };
    const event = { outcome: sent.isDelivered ? 'success' : 'failure', reason: sent.outcome };
    const duration = Math.round((performance.now() - startedAt) * 1e6);
    logger[settlement.state === 'dead' ? 'warn' : 'info'](
      { event: { ...event, duration }, testigo: { webhook: { ...webhook, attempts: settlement.attempts } } },
      'webhook',
    );
  };

  const launch = (endpoint: EndpointRow, delivery: DeliveryRow): void => {
    const key = `${endpoint.id}/${delivery.eventId}`;
    const work = attempt(endpoint, delivery)
      .catch((error: unknown) => logger.error({ err: error }, 'a webhook was not settled'))
      .finally(() => inFlight.delete(key));
    inFlight.set(key, work);
  };

  const launchDue = async (): Promise<void> => {
    for (const endpoint of await store.listEndpoints()) {
      if (endpoint.disabledAtMs !== undefined) continue;
      const isBusy = (eventId: string): boolean => inFlight.has(`${endpoint.id}/${eventId}`);
      const due = await store.listDue(endpoint.id, now(), 2 * IN_FLIGHT_EACH);
      const busy = [...inFlight.keys()].filter((key) => key.startsWith(`${endpoint.id}/`)).length;
      for (const delivery of due.filter(({ eventId }) => !isBusy(eventId)).slice(0, IN_FLIGHT_EACH - busy))
        launch(endpoint, delivery);
    }
  };

  const tick = async (): Promise<void> => {
    while ((await feedDeliveries(parts)).hasMore && !isStopping);
    if (now() - forgottenAtMs > FORGET_EVERY_MS) {
      forgottenAtMs = now();
      await store.forgetSettledBefore(now() - times.keptMs);
    }
    if (!isStopping) await launchDue();
  };

  const schedule = (): void => {
    if (isStopping) return;
    timer = setTimeout(() => {
      running = tick()
        .catch((error: unknown) => logger.error({ err: error }, 'webhooks were not fed'))
        .then(schedule);
    }, times.pollMs).unref();
  };

  return {
    start: schedule,
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      await running;
      const grace = setTimeout(() => cut.abort(), STOP_GRACE_MS);
      await Promise.all(inFlight.values());
      clearTimeout(grace);
    },
  };
};
