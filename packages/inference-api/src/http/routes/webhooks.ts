import { z } from 'zod';
import { WEBHOOK_EVENTS } from '../../webhooks/webhook-events.ts';
import type { WebhookService } from '../../webhooks/webhook-service.ts';
import type { DeliveryRow, EndpointRow } from '../../webhooks/webhook-store.ts';
import { defineOperation } from '../operation.ts';
import { decodeCursor, encodeCursor, limitOf, pageQuery } from '../paging.ts';
import { idSchema } from '../schemas.ts';

const params = z.object({ id: idSchema });
const eventIdSchema = z
  .string()
  .regex(/^msg_[0-9a-f]{32}$/, 'msg_ and 32 lowercase hex digits')
  .meta({ example: `msg_${'0f'.repeat(16)}` });
const eventsSchema = z.array(z.enum(WEBHOOK_EVENTS)).min(1).max(WEBHOOK_EVENTS.length);

const endpointSchema = z
  .object({
    webhookId: idSchema,
    url: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    deployer: z.string().optional(),
    createdAtMs: z.int(),
    disabledAtMs: z.int().optional().meta({ description: 'Set where the receiver answered 410.' }),
  })
  .meta({ id: 'Webhook' });

const secretSchema = z.string().meta({
  description:
    'Signs every message (Standard Webhooks, HMAC-SHA-256). Shown in this answer and nowhere else.',
});

const deliverySchema = z
  .object({
    eventId: eventIdSchema,
    type: z.enum(WEBHOOK_EVENTS),
    state: z.enum(['waiting', 'delivered', 'dead']),
    attempts: z.int(),
    createdAtMs: z.int(),
    nextAttemptAtMs: z.int().optional(),
    lastAttemptAtMs: z.int().optional(),
    lastOutcome: z.string().optional().meta({
      description: '`status-<code>`, `redirected`, `timeout`, `unreachable` or `target-forbidden`.',
    }),
  })
  .meta({ id: 'WebhookDelivery' });

const presentEndpoint = ({ id, url, events, deployer, createdAtMs, disabledAtMs }: EndpointRow) => ({
  webhookId: id,
  url,
  events,
  ...(deployer === undefined ? {} : { deployer }),
  createdAtMs,
  ...(disabledAtMs === undefined ? {} : { disabledAtMs }),
});

const presentDelivery = (row: DeliveryRow) => ({
  eventId: row.eventId,
  type: row.type,
  state: row.state,
  attempts: row.attempts,
  createdAtMs: row.createdAtMs,
  ...(row.state === 'waiting' ? { nextAttemptAtMs: row.dueAtMs } : {}),
  ...(row.lastAtMs === undefined ? {} : { lastAttemptAtMs: row.lastAtMs }),
  ...(row.lastOutcome === undefined ? {} : { lastOutcome: row.lastOutcome }),
});

const NO_STORE = { 'Cache-Control': 'no-store' };

const endpoints = (webhooks: WebhookService) => [
  defineOperation({
    id: 'createWebhook',
    method: 'post',
    path: '/v1/webhooks',
    tag: 'Webhooks',
    summary: 'Registers an endpoint. Its secret is in this answer and nowhere else.',
    scope: 'webhooks',
    body: z
      .strictObject({
        url: z
          .url({ protocol: /^https?$/ })
          .max(2_048)
          .meta({ description: 'https, and a public address, unless the operator allows its network.' }),
        events: eventsSchema,
      })
      .meta({ id: 'NewWebhook' }),
    replies: {
      201: {
        description: 'Keep the secret.',
        schema: endpointSchema.extend({ secret: secretSchema }).meta({ id: 'CreatedWebhook' }),
      },
    },
    errors: ['webhook-target-forbidden', 'webhook-limit'],
    handle: async ({ body, context }) => {
      const { endpoint, secret } = await webhooks.create({ ...body, deployer: context.principal.deployer });
      const headers = { ...NO_STORE, Location: `/v1/webhooks/${endpoint.id}` };
      return { status: 201, body: { ...presentEndpoint(endpoint), secret }, headers };
    },
  }),
  defineOperation({
    id: 'listWebhooks',
    method: 'get',
    path: '/v1/webhooks',
    tag: 'Webhooks',
    summary: 'All endpoints, without their secrets.',
    scope: 'webhooks',
    replies: {
      200: { description: 'The endpoints.', schema: z.object({ webhooks: z.array(endpointSchema) }) },
    },
    handle: async ({ context }) => {
      const rows = await webhooks.list(context.principal.deployer);
      return { status: 200, body: { webhooks: rows.map(presentEndpoint) } };
    },
  }),
  defineOperation({
    id: 'getWebhook',
    method: 'get',
    path: '/v1/webhooks/:id',
    tag: 'Webhooks',
    summary: 'One endpoint.',
    scope: 'webhooks',
    params,
    replies: { 200: { description: 'The endpoint.', schema: endpointSchema } },
    errors: ['webhook-unknown'],
    handle: async ({ params: { id }, context }) => ({
      status: 200,
      body: presentEndpoint(await webhooks.find(id, context.principal.deployer)),
    }),
  }),
  defineOperation({
    id: 'deleteWebhook',
    method: 'delete',
    path: '/v1/webhooks/:id',
    tag: 'Webhooks',
    summary: 'Forgets an endpoint and what it is owed.',
    scope: 'webhooks',
    params,
    replies: { 204: { description: 'Forgotten.' } },
    errors: ['webhook-unknown'],
    handle: async ({ params: { id }, context }) => {
      await webhooks.remove(id, context.principal.deployer);
      return { status: 204 };
    },
  }),
];

const acts = (webhooks: WebhookService) => [
  defineOperation({
    id: 'rotateWebhookSecret',
    method: 'post',
    path: '/v1/webhooks/:id/rotate',
    tag: 'Webhooks',
    summary: 'Makes a new secret. For a day both sign, so that no message is refused meanwhile.',
    scope: 'webhooks',
    params,
    replies: {
      200: {
        description: 'Keep the secret.',
        schema: z.object({ secret: secretSchema, previousUntilMs: z.int() }).meta({ id: 'RotatedWebhook' }),
      },
    },
    errors: ['webhook-unknown'],
    handle: async ({ params: { id }, context }) => ({
      status: 200,
      body: await webhooks.rotate(id, context.principal.deployer),
      headers: NO_STORE,
    }),
  }),
  defineOperation({
    id: 'testWebhook',
    method: 'post',
    path: '/v1/webhooks/:id/test',
    tag: 'Webhooks',
    summary: 'Sends a webhook.test to the endpoint.',
    scope: 'webhooks',
    params,
    replies: { 202: { description: 'Queued.', schema: z.object({ eventId: eventIdSchema }) } },
    errors: ['webhook-unknown', 'webhook-disabled'],
    handle: async ({ params: { id }, context }) => ({
      status: 202,
      body: { eventId: await webhooks.test(id, context.principal.deployer) },
    }),
  }),
];

const deliveries = (webhooks: WebhookService) => [
  defineOperation({
    id: 'listWebhookDeliveries',
    method: 'get',
    path: '/v1/webhooks/:id/deliveries',
    tag: 'Webhooks',
    summary: 'What the endpoint was sent and is owed, oldest first; `state=dead` lists what was given up.',
    scope: 'webhooks',
    params,
    query: pageQuery.extend({ state: z.enum(['waiting', 'delivered', 'dead']).optional() }),
    replies: {
      200: {
        description: 'A page.',
        schema: z.object({ deliveries: z.array(deliverySchema), nextCursor: z.string().optional() }),
      },
    },
    errors: ['webhook-unknown'],
    handle: async ({ params: { id }, query, context }) => {
      const limit = limitOf(query);
      const position = decodeCursor(query.cursor, z.tuple([z.int(), eventIdSchema]));
      const after = position && { createdAtMs: position[0], eventId: position[1] };
      const { deployer } = context.principal;
      const rows = await webhooks.listDeliveries({
        endpointId: id,
        state: query.state,
        after,
        limit,
        deployer,
      });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const next = last ? { nextCursor: encodeCursor([last.createdAtMs, last.eventId]) } : {};
      return { status: 200, body: { deliveries: rows.map(presentDelivery), ...next } };
    },
  }),
  defineOperation({
    id: 'redeliverWebhook',
    method: 'post',
    path: '/v1/webhooks/:id/deliveries/:event/redeliver',
    tag: 'Webhooks',
    summary: 'Tries one delivery again, with all its attempts.',
    scope: 'webhooks',
    params: z.object({ id: idSchema, event: eventIdSchema }),
    replies: { 202: { description: 'Queued.' } },
    errors: ['webhook-unknown', 'webhook-disabled', 'delivery-unknown'],
    handle: async ({ params: { id, event }, context }) => {
      await webhooks.redeliver(id, event, context.principal.deployer);
      return { status: 202 };
    },
  }),
];

/** Signed messages about what happens: see docs/webhooks.md. */
export const webhookOperations = (webhooks: WebhookService) => [
  ...endpoints(webhooks),
  ...acts(webhooks),
  ...deliveries(webhooks),
];
