import type { Database, Row, Statement } from '../state/database.ts';
import { optional } from '../state/nullable.ts';
import { WEBHOOK_EVENTS, type WebhookEventType } from './webhook-events.ts';
import type {
  DeliveryQuery,
  DeliveryRow,
  DeliveryState,
  EndpointLimits,
  EndpointRow,
  Settlement,
  Told,
  WebhookStore,
} from './webhook-store.ts';

const isEvent = (text: string): text is WebhookEventType =>
  (WEBHOOK_EVENTS as readonly string[]).includes(text);

const toEndpoint = (row: Row): EndpointRow => ({
  id: row.id as string,
  url: row.url as string,
  events: (row.events as string).split(' ').filter(isEvent),
  ...optional('deployer', row.deployer, String),
  sealedSecret: row.sealed_secret as Uint8Array,
  ...(row.sealed_previous === null
    ? {}
    : {
        previous: {
          sealedSecret: row.sealed_previous as Uint8Array,
          untilMs: row.previous_until as number,
        },
      }),
  createdAtMs: row.created_at as number,
  ...optional('disabledAtMs', row.disabled_at, Number),
});

const toDelivery = (row: Row): DeliveryRow => ({
  endpointId: row.endpoint_id as string,
  eventId: row.event_id as string,
  type: row.type as WebhookEventType,
  body: row.body as string,
  state: row.state as DeliveryState,
  attempts: row.attempts as number,
  createdAtMs: row.created_at as number,
  dueAtMs: row.due_at as number,
  ...optional('lastAtMs', row.last_at, Number),
  ...optional('lastOutcome', row.last_outcome, String),
});

const endpointMethods = (db: Database) => ({
  // Counted where it is written: many that ask at once must not all find the same room.
  insertEndpoint: async (row: EndpointRow, most: EndpointLimits) => {
    const [added] = await db.write([
      `INSERT INTO webhook_endpoints (id, url, events, deployer, sealed_secret, created_at)
       SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM webhook_endpoints) < ?
         AND (SELECT count(*) FROM webhook_endpoints WHERE coalesce(deployer, '') = ?) < ?`,
      row.id,
      row.url,
      row.events.join(' '),
      row.deployer ?? null,
      row.sealedSecret,
      row.createdAtMs,
      most.maxEndpoints,
      row.deployer ?? '',
      most.maxEndpointsPerTenant,
    ]);
    return added === 1;
  },
  listEndpoints: async () =>
    (await db.all('SELECT * FROM webhook_endpoints ORDER BY created_at, id')).map(toEndpoint),
  findEndpoint: async (id: string) => {
    const row = await db.get('SELECT * FROM webhook_endpoints WHERE id = ?', id);
    return row && toEndpoint(row);
  },
  replaceSecret: async (...[id, sealedSecret, previous]: Parameters<WebhookStore['replaceSecret']>) => {
    await db.write([
      'UPDATE webhook_endpoints SET sealed_secret = ?, sealed_previous = ?, previous_until = ? WHERE id = ?',
      sealedSecret,
      previous.sealedSecret,
      previous.untilMs,
      id,
    ]);
  },
  disableEndpoint: async (id: string, atMs: number) => {
    await db.write(
      ['UPDATE webhook_endpoints SET disabled_at = ? WHERE id = ?', atMs, id],
      ["UPDATE webhook_deliveries SET state = 'dead' WHERE endpoint_id = ? AND state = 'waiting'", id],
    );
  },
  deleteEndpoint: async (id: string) => {
    await db.write(
      ['DELETE FROM webhook_deliveries WHERE endpoint_id = ?', id],
      ['DELETE FROM webhook_endpoints WHERE id = ?', id],
    );
  },
});

const insertDelivery = (row: DeliveryRow): Statement => [
  `INSERT INTO webhook_deliveries (endpoint_id, event_id, type, body, state, attempts, created_at, due_at)
   VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  row.endpointId,
  row.eventId,
  row.type,
  row.body,
  row.state,
  row.attempts,
  row.createdAtMs,
  row.dueAtMs,
];

const rememberTold = (told: Told): Statement => [
  'INSERT INTO webhook_told (one, told) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET told = excluded.told',
  JSON.stringify(told),
];

const queueMethods = (db: Database) => ({
  readTold: async (): Promise<Told> => {
    const row = await db.get('SELECT told FROM webhook_told');
    return row ? (JSON.parse(row.told as string) as Told) : {};
  },
  enqueue: async (rows: readonly DeliveryRow[], told: Told | undefined) => {
    await db.write(...rows.map(insertDelivery), ...(told ? [rememberTold(told)] : []));
  },
  listDue: async (endpointId: string, nowMs: number, limit: number) => {
    const rows = await db.all(
      `SELECT * FROM webhook_deliveries WHERE endpoint_id = ? AND state = 'waiting' AND due_at <= ?
       ORDER BY due_at LIMIT ?`,
      endpointId,
      nowMs,
      limit,
    );
    return rows.map(toDelivery);
  },
  settle: async (settlement: Settlement) => {
    await db.write([
      `UPDATE webhook_deliveries SET state = ?, attempts = ?, due_at = ?, last_at = ?, last_outcome = ?
       WHERE endpoint_id = ? AND event_id = ?`,
      settlement.state,
      settlement.attempts,
      settlement.dueAtMs,
      settlement.lastAtMs,
      settlement.lastOutcome,
      settlement.endpointId,
      settlement.eventId,
    ]);
  },
});

const historyMethods = (db: Database) => ({
  listDeliveries: async ({ endpointId, state, after, limit }: DeliveryQuery) => {
    const rows = await db.all(
      `SELECT * FROM webhook_deliveries WHERE endpoint_id = ? AND (created_at, event_id) > (?, ?)
       AND state = coalesce(?, state) ORDER BY created_at, event_id LIMIT ?`,
      endpointId,
      after?.createdAtMs ?? -1,
      after?.eventId ?? '',
      state ?? null,
      limit,
    );
    return rows.map(toDelivery);
  },
  requeue: async (endpointId: string, eventId: string, nowMs: number) => {
    const [changed = 0] = await db.write([
      "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, due_at = ? WHERE endpoint_id = ? AND event_id = ?",
      nowMs,
      endpointId,
      eventId,
    ]);
    return changed > 0;
  },
  countDeliveries: async () => {
    const rows = await db.all('SELECT state, count(*) AS n FROM webhook_deliveries GROUP BY state');
    const counts = Object.fromEntries(rows.map(({ state, n }) => [state as string, Number(n)]));
    return { waiting: 0, delivered: 0, dead: 0, ...counts };
  },
  forgetSettledBefore: async (atMs: number) => {
    await db.write(
      ["DELETE FROM webhook_deliveries WHERE state != 'waiting' AND coalesce(last_at, created_at) < ?", atMs],
      // Queued for an endpoint that was being deleted.
      ['DELETE FROM webhook_deliveries WHERE endpoint_id NOT IN (SELECT id FROM webhook_endpoints)'],
    );
  },
});

/** Endpoints and deliveries among the service's own tables. */
export const createSqlWebhooks = (db: Database): WebhookStore => ({
  ...endpointMethods(db),
  ...queueMethods(db),
  ...historyMethods(db),
});
