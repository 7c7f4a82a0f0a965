import { z } from 'zod';
import { chooseDeployer } from '../../auth/deployer.ts';
import { ApiError } from '../../errors.ts';
import { ROLES } from '../../policy/rules.ts';
import { presentReceipt } from '../../records/present.ts';
import type { SessionService } from '../../sessions/session-service.ts';
import type { SessionRow, StateStore } from '../../state/state-store.ts';
import { defineOperation } from '../operation.ts';
import { decodeCursor, encodeCursor, limitOf, pageQuery } from '../paging.ts';
import { idSchema, receiptSchema, timeSchema, tokenSchema } from '../schemas.ts';

const roleSchema = z.enum(ROLES);

const openSchema = z
  .strictObject({
    purpose: tokenSchema.meta({ example: 'fraud-detection' }),
    legalBasis: tokenSchema.meta({ example: 'consent' }),
    deployer: tokenSchema.optional().meta({
      description: 'Whose call it is. A key or token that is limited to a deployer names that one, or none.',
      example: 'example-bank',
    }),
    notice: tokenSchema.meta({
      description: 'Which notice text the person was shown.',
      example: 'notice-2026-11',
    }),
    noticeShownAtMs: timeSchema.optional().meta({ description: 'Without it the session is refused.' }),
    consentGivenAtMs: timeSchema.optional().meta({ description: 'Needed where legalBasis is consent.' }),
    subjectRole: roleSchema.meta({ description: 'Who is scored.' }),
    roles: z.array(roleSchema).min(1).max(16).meta({ description: 'Everybody on the call.' }),
    ground: z.strictObject({ kind: tokenSchema, document: tokenSchema }).optional().meta({
      description: 'medical or safety, and the document that says so: for people at work or in education.',
    }),
    sentAtMs: timeSchema.optional().meta({ description: "The client's clock." }),
  })
  .meta({ id: 'OpenSession' });

const sessionSchema = z
  .object({
    sessionId: idSchema,
    state: z.enum(['open', 'closed', 'erased']),
    purpose: z.string(),
    legalBasis: z.string(),
    deployer: z.string(),
    notice: z.string(),
    noticeShownAtMs: z.int(),
    subjectRole: roleSchema,
    roles: z.array(roleSchema),
    openedAtMs: z.int(),
    closedAtMs: z.int().optional(),
    erasedAtMs: z.int().optional(),
  })
  .meta({ id: 'Session' });

const openedSchema = sessionSchema.extend(receiptSchema.shape).meta({ id: 'OpenedSession' });

export const presentSession = ({ id, terms, openedAtMs, closedAtMs, erasedAtMs }: SessionRow) => ({
  sessionId: id,
  state: erasedAtMs !== undefined ? 'erased' : closedAtMs !== undefined ? 'closed' : 'open',
  purpose: terms.purpose,
  legalBasis: terms.legalBasis,
  deployer: terms.deployer,
  notice: terms.notice,
  noticeShownAtMs: terms.noticeShownAtMs,
  subjectRole: terms.subjectRole,
  roles: terms.roles,
  openedAtMs,
  ...(closedAtMs === undefined ? {} : { closedAtMs }),
  ...(erasedAtMs === undefined ? {} : { erasedAtMs }),
});

const params = z.object({ id: idSchema });
const recordRowSchema = z.object({ recordId: idSchema, sequence: z.int(), type: z.string() });

export type SessionRouteParts = {
  readonly sessions: SessionService;
  readonly state: StateStore;
};

export const sessionOperations = ({ sessions, state }: SessionRouteParts) => [
  defineOperation({
    id: 'openSession',
    method: 'post',
    path: '/v1/sessions',
    tag: 'Sessions',
    summary: 'Opens a call session: purpose, legal basis, notice and roles, as a SESSION_OPEN record.',
    scope: 'sessions',
    isIdempotent: true,
    body: openSchema,
    replies: { 201: { description: 'Open; send frames with its id.', schema: openedSchema } },
    errors: [
      'deployer-missing',
      'role-not-allowed',
      'notice-missing',
      'consent-missing',
      'clock-skew',
      'personal-data',
      'model-not-registered',
      'model-revoked',
      'dataset-not-approved',
      'dataset-revoked',
      'registry-unreachable',
      'log-overloaded',
      'log-unavailable',
    ],
    handle: async ({ body, context }) => {
      const deployer = chooseDeployer(context.principal, body.deployer);
      if (deployer === undefined) throw new ApiError('deployer-missing');
      const { session, recorded } = await sessions.open({ ...body, deployer });
      const reply = {
        ...presentSession(session),
        ...presentReceipt(recorded.receipt),
        sequence: recorded.sequence,
      };
      return { status: 201, body: reply, headers: { Location: `/v1/sessions/${session.id}` } };
    },
  }),
  defineOperation({
    id: 'listSessions',
    method: 'get',
    path: '/v1/sessions',
    tag: 'Sessions',
    summary: 'Sessions in order of opening, page by page.',
    scope: 'read',
    query: pageQuery,
    replies: {
      200: {
        description: 'A page.',
        schema: z.object({ sessions: z.array(sessionSchema), nextCursor: z.string().optional() }),
      },
    },
    handle: async ({ query, context }) => {
      const limit = limitOf(query);
      const position = decodeCursor(query.cursor, z.tuple([z.int(), idSchema]));
      const after = position && { openedAtMs: position[0], id: position[1] };
      const rows = await state.listSessions({ deployer: context.principal.deployer, after, limit });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const nextCursor = last && encodeCursor([last.openedAtMs, last.id]);
      return {
        status: 200,
        body: { sessions: rows.map(presentSession), ...(nextCursor ? { nextCursor } : {}) },
      };
    },
  }),
  defineOperation({
    id: 'getSession',
    method: 'get',
    path: '/v1/sessions/:id',
    tag: 'Sessions',
    summary: 'One session.',
    scope: 'read',
    params,
    replies: { 200: { description: 'The session.', schema: sessionSchema } },
    errors: ['session-unknown'],
    handle: async ({ params: { id }, context }) => {
      return { status: 200, body: presentSession(await sessions.find(id, context.principal.deployer)) };
    },
  }),
  defineOperation({
    id: 'listSessionRecords',
    method: 'get',
    path: '/v1/sessions/:id/records',
    tag: 'Sessions',
    summary: "A session's records in sequence: a gap would be a missing record.",
    scope: 'read',
    params,
    query: pageQuery,
    replies: {
      200: {
        description: 'A page.',
        schema: z.object({ records: z.array(recordRowSchema), nextCursor: z.string().optional() }),
      },
    },
    errors: ['session-unknown'],
    handle: async ({ params: { id }, query, context }) => {
      await sessions.find(id, context.principal.deployer);
      const limit = limitOf(query);
      const [after] = decodeCursor(query.cursor, z.tuple([z.int()])) ?? [-1];
      const rows = await state.listRecords(id, after, limit);
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const records = rows.map((row) => ({ recordId: row.id, sequence: row.sequence, type: row.type }));
      return {
        status: 200,
        body: { records, ...(last ? { nextCursor: encodeCursor([last.sequence]) } : {}) },
      };
    },
  }),
  defineOperation({
    id: 'closeSession',
    method: 'post',
    path: '/v1/sessions/:id/close',
    tag: 'Sessions',
    summary: 'Closes the session with the counts of its records.',
    scope: 'sessions',
    isIdempotent: true,
    params,
    body: z.strictObject({ reason: tokenSchema.meta({ example: 'call-ended' }) }),
    replies: { 200: { description: 'Closed.', schema: receiptSchema } },
    errors: [
      'session-unknown',
      'session-closed',
      'subject-erased',
      'personal-data',
      'log-overloaded',
      'log-unavailable',
    ],
    handle: async ({ params: { id }, body, context }) => {
      const session = await sessions.find(id, context.principal.deployer);
      const { receipt, sequence } = await sessions.close(session, body.reason);
      return { status: 200, body: { ...presentReceipt(receipt), sequence } };
    },
  }),
];
