import { z } from 'zod';
import { ApiError } from '../../errors.ts';
import { presentReceipt } from '../../records/present.ts';
import type { RightsService } from '../../rights/rights-service.ts';
import type { SessionService } from '../../sessions/session-service.ts';
import type { HoldRow } from '../../state/state-store.ts';
import { defineOperation } from '../operation.ts';
import { aloneReceiptSchema, idSchema, tokenSchema } from '../schemas.ts';

const params = z.object({ id: idSchema });
const holdSchema = z
  .object({ hold: idSchema, authority: z.string(), placedAtMs: z.int(), releasedAtMs: z.int().optional() })
  .meta({ id: 'LegalHold' });

const presentHold = ({ id, authority, placedAtMs, releasedAtMs }: HoldRow) => ({
  hold: id,
  authority,
  placedAtMs,
  ...(releasedAtMs === undefined ? {} : { releasedAtMs }),
});

const exportedSchema = z.object({
  recordId: idSchema,
  sequence: z.int(),
  type: z.string(),
  values: z.record(z.string(), z.string()).optional(),
  context: z.record(z.string(), z.unknown()).optional(),
});

type Parts = { readonly rights: RightsService; readonly sessions: SessionService };

const LOG_ERRORS = ['log-overloaded', 'log-unavailable'] as const;

const erasure = ({ rights, sessions }: Parts) =>
  defineOperation({
    id: 'eraseSubject',
    method: 'post',
    path: '/v1/sessions/:id/erasure',
    tag: 'Rights',
    summary: "Destroys the subject's key and payloads. The records stay, verify, and open to nothing.",
    scope: 'rights',
    isIdempotent: true,
    params,
    body: z
      .strictObject({
        reason: tokenSchema.meta({ example: 'subject-request' }),
        overridingGround: tokenSchema
          .optional()
          .meta({ description: 'Needed before six months are over.', example: 'gdpr-art-17' }),
      })
      .meta({ id: 'Erasure' }),
    replies: {
      200: { description: 'Erased, and the ERASURE record proves when.', schema: aloneReceiptSchema },
    },
    errors: [
      'session-unknown',
      'subject-erased',
      'legal-hold',
      'retention-period',
      'personal-data',
      ...LOG_ERRORS,
    ],
    handle: async ({ params: { id }, body, context }) => {
      const session = await sessions.find(id, context.principal.deployer);
      return { status: 200, body: presentReceipt(await rights.erase(session, body)) };
    },
  });

const subjectExport = ({ rights, sessions }: Parts) =>
  defineOperation({
    id: 'exportSubject',
    method: 'post',
    path: '/v1/sessions/:id/export',
    tag: 'Rights',
    summary: 'Everything kept of the subject, in the clear. The EXPORT record says that and to whom it went.',
    scope: 'rights',
    params,
    body: z.strictObject({ recipient: tokenSchema.meta({ example: 'data-subject' }) }).meta({ id: 'Export' }),
    replies: {
      200: {
        description: "The subject's data.",
        schema: aloneReceiptSchema.extend({ records: z.array(exportedSchema) }).meta({ id: 'SubjectData' }),
      },
    },
    errors: ['session-unknown', 'subject-erased', 'personal-data', ...LOG_ERRORS],
    handle: async ({ params: { id }, body, context }) => {
      const session = await sessions.find(id, context.principal.deployer);
      const { receipt, records } = await rights.exportSubject(session, body.recipient);
      return {
        status: 200,
        body: { ...presentReceipt(receipt), records },
        headers: { 'Cache-Control': 'no-store' },
      };
    },
  });

const holds = ({ rights, sessions }: Parts) => [
  defineOperation({
    id: 'placeHold',
    method: 'post',
    path: '/v1/sessions/:id/holds',
    tag: 'Rights',
    summary: 'Places a legal hold: until its release nothing of the session is erased.',
    scope: 'rights',
    isIdempotent: true,
    params,
    body: z
      .strictObject({ authority: tokenSchema.meta({ example: 'court-of-lisbon' }) })
      .meta({ id: 'PlaceHold' }),
    replies: {
      201: {
        description: 'Held.',
        schema: aloneReceiptSchema.extend(holdSchema.shape).meta({ id: 'PlacedHold' }),
      },
    },
    errors: ['session-unknown', 'personal-data', ...LOG_ERRORS],
    handle: async ({ params: { id }, body, context }) => {
      const session = await sessions.find(id, context.principal.deployer);
      const { receipt, hold } = await rights.placeHold(session, body.authority);
      return { status: 201, body: { ...presentReceipt(receipt), ...presentHold(hold) } };
    },
  }),
  defineOperation({
    id: 'listHolds',
    method: 'get',
    path: '/v1/sessions/:id/holds',
    tag: 'Rights',
    summary: 'The legal holds of a session, released ones too.',
    scope: 'rights',
    params,
    replies: { 200: { description: 'All of them.', schema: z.object({ holds: z.array(holdSchema) }) } },
    errors: ['session-unknown'],
    handle: async ({ params: { id }, context }) => {
      const session = await sessions.find(id, context.principal.deployer);
      return { status: 200, body: { holds: (await rights.listHolds(session)).map(presentHold) } };
    },
  }),
  defineOperation({
    id: 'releaseHold',
    method: 'post',
    path: '/v1/sessions/:id/holds/:hold/release',
    tag: 'Rights',
    summary: 'Releases one legal hold.',
    scope: 'rights',
    isIdempotent: true,
    params: z.object({ id: idSchema, hold: idSchema }),
    body: z.strictObject({ authority: tokenSchema }).meta({ id: 'ReleaseHold' }),
    replies: { 200: { description: 'Released.', schema: aloneReceiptSchema } },
    errors: ['session-unknown', 'hold-unknown', 'personal-data', ...LOG_ERRORS],
    handle: async ({ params: { id, hold }, body, context }) => {
      const session = await sessions.find(id, context.principal.deployer);
      return { status: 200, body: presentReceipt(await rights.releaseHold(session, hold, body.authority)) };
    },
  }),
];

const retention = ({ rights }: Parts) =>
  defineOperation({
    id: 'purgeExpired',
    method: 'post',
    path: '/v1/retention/purge',
    tag: 'Rights',
    summary:
      'Erases the subjects of sessions that were closed more than six months ago and are under no hold.',
    scope: 'admin',
    body: z.strictObject({ limit: z.int().min(1).max(1000).optional() }).meta({ id: 'Purge' }),
    replies: { 200: { description: 'What was erased.', schema: z.object({ erased: z.array(idSchema) }) } },
    errors: [...LOG_ERRORS],
    handle: async ({ body, context }) => {
      if (context.principal.deployer !== undefined)
        throw new ApiError('forbidden', 'Retention concerns every deployer: the key is limited to one.');
      return { status: 200, body: { erased: await rights.purgeExpired(body.limit ?? 100) } };
    },
  });

export const rightsOperations = (parts: Parts) => [
  erasure(parts),
  subjectExport(parts),
  ...holds(parts),
  retention(parts),
];
