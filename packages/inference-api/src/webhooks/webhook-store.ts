import type { WebhookEventType } from './webhook-events.ts';

export type EndpointRow = {
  readonly id: string;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  /** Hears of this deployer's sessions only; of everybody's if absent. */
  readonly deployer?: string;
  readonly sealedSecret: Uint8Array;
  /** After a rotation, until it ends: both secrets sign. */
  readonly previous?: { readonly sealedSecret: Uint8Array; readonly untilMs: number };
  readonly createdAtMs: number;
  /** The receiver answered 410: nothing more is sent. */
  readonly disabledAtMs?: number;
};

export type DeliveryState = 'waiting' | 'delivered' | 'dead';

export type DeliveryRow = {
  readonly endpointId: string;
  readonly eventId: string;
  readonly type: WebhookEventType;
  readonly body: string;
  readonly state: DeliveryState;
  /** Attempts that failed or succeeded so far. */
  readonly attempts: number;
  readonly createdAtMs: number;
  /** When it is tried next, while it waits. */
  readonly dueAtMs: number;
  readonly lastAtMs?: number;
  /** Of the last attempt: `status-503`, `timeout` … */
  readonly lastOutcome?: string;
};

export type Settlement = Pick<DeliveryRow, 'endpointId' | 'eventId' | 'state' | 'attempts' | 'dueAtMs'> & {
  readonly lastAtMs: number;
  readonly lastOutcome: string;
};

/** How far the endpoints have been told; stored with the deliveries, so that a crash tells nothing twice or never. */
export type Told = {
  /** Leaves below this index. */
  readonly leaves?: number;
  /** Anchors up to this size are finalized and told. */
  readonly anchorsThrough?: number;
  /** The last told state of each anchor beyond, by size. */
  readonly anchors?: Readonly<Record<string, string>>;
  /** `may-read`, or the code that stops readings. */
  readonly standing?: string;
};

export type EndpointLimits = {
  readonly maxEndpoints: number;
  /** Of one deployer, or of none. */
  readonly maxEndpointsPerTenant: number;
};

export type DeliveryQuery = {
  readonly endpointId: string;
  readonly state?: DeliveryState | undefined;
  readonly after?: { readonly createdAtMs: number; readonly eventId: string } | undefined;
  readonly limit: number;
};

/** Endpoints and the durable queue of what they are owed. */
export type WebhookStore = {
  /** False, and nothing is stored, where there are as many already. */
  insertEndpoint(row: EndpointRow, most: EndpointLimits): Promise<boolean>;
  listEndpoints(): Promise<readonly EndpointRow[]>;
  findEndpoint(id: string): Promise<EndpointRow | undefined>;
  replaceSecret(
    id: string,
    sealedSecret: Uint8Array,
    previous: NonNullable<EndpointRow['previous']>,
  ): Promise<void>;
  /** Nothing more is sent to it; what waits is dead. */
  disableEndpoint(id: string, atMs: number): Promise<void>;
  /** With all its deliveries. */
  deleteEndpoint(id: string): Promise<void>;

  readTold(): Promise<Told>;
  /** All or nothing: the deliveries wait, and the sources are remembered as told. */
  enqueue(rows: readonly DeliveryRow[], told: Told | undefined): Promise<void>;
  listDue(endpointId: string, nowMs: number, limit: number): Promise<readonly DeliveryRow[]>;
  settle(settlement: Settlement): Promise<void>;
  /** Newest last. */
  listDeliveries(query: DeliveryQuery): Promise<readonly DeliveryRow[]>;
  /** Puts a delivery back at the front with all its attempts; false where there is none. */
  requeue(endpointId: string, eventId: string, nowMs: number): Promise<boolean>;
  /** Deliveries by state, for metrics. */
  countDeliveries(): Promise<Readonly<Record<DeliveryState, number>>>;
  /** Forgets what was delivered or died before this time. */
  forgetSettledBefore(atMs: number): Promise<void>;
};
