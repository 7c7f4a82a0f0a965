/** What endpoints can be told of. docs/webhooks.md shows each one's `data`. */
export const WEBHOOK_EVENTS = [
  /** A SESSION_CLOSE record is in the log. */
  'session.closed',
  /** An ERASURE record is in the log. */
  'session.erased',
  /** A checkpoint came under an anchor, got deeper on chain, or lost its block. */
  'anchoring.changed',
  /** Readings stopped or resumed: the model or its dataset was revoked, or the chain fell silent. */
  'standing.changed',
  /** Sent on request, to try an endpoint. */
  'webhook.test',
] as const;

export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

export type WebhookEvent = {
  readonly type: WebhookEventType;
  readonly timeMs: number;
  /** Whose session it is about; undefined where it is about no session. */
  readonly deployer?: string;
  /** Ids, counts, positions and states. Never a label, a score or a person. */
  readonly data: Readonly<Record<string, unknown>>;
};

/** The body as the standard has it, the same bytes on every attempt. */
export const encodeWebhookBody = ({ type, timeMs, data }: WebhookEvent): string =>
  JSON.stringify({ type, timestamp: new Date(timeMs).toISOString(), data });

/** An endpoint of one deployer hears of that deployer's sessions, and of what concerns everybody. */
export const isMeantFor = (
  event: WebhookEvent,
  endpoint: { readonly deployer?: string; readonly events: readonly WebhookEventType[] },
): boolean =>
  endpoint.events.includes(event.type) &&
  (endpoint.deployer === undefined || event.deployer === undefined || endpoint.deployer === event.deployer);
