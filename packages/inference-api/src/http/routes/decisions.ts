import { z } from 'zod';
import type { ApiErrorCode } from '../../errors.ts';
import { presentReceipt } from '../../records/present.ts';
import type { SessionService } from '../../sessions/session-service.ts';
import { defineOperation } from '../operation.ts';
import { idSchema, receiptSchema, tokenSchema } from '../schemas.ts';

const params = z.object({ id: idSchema });

const reviewer = z.string().max(200).optional().meta({
  description: 'The person who decides. Recorded as a keyed pseudonym. Without one the decision is refused.',
});
const factReference = tokenSchema.optional().meta({
  description: 'The objective fact the decision leans on, never a reading.',
  example: 'id-document-check-17',
});

const ERRORS: readonly ApiErrorCode[] = [
  'record-unknown',
  'session-unknown',
  'subject-erased',
  'reviewer-missing',
  'fact-missing',
  'personal-data',
  'log-overloaded',
  'log-unavailable',
];

export const decisionOperations = (sessions: SessionService) => [
  defineOperation({
    id: 'reviewDetection',
    method: 'post',
    path: '/v1/detections/:id/review',
    tag: 'Decisions',
    summary: "A person's decision about a reading, with the fact it leans on.",
    scope: 'review',
    isIdempotent: true,
    params,
    body: z
      .strictObject({ reviewer, factReference, decision: tokenSchema.meta({ example: 'no-action' }) })
      .meta({ id: 'Review' }),
    replies: { 201: { description: 'Recorded.', schema: receiptSchema } },
    errors: ERRORS,
    handle: async ({ params: { id }, body, context }) => {
      const { receipt, sequence } = await sessions.review(id, body, context.principal.deployer);
      return { status: 201, body: { ...presentReceipt(receipt), sequence } };
    },
  }),
  defineOperation({
    id: 'overrideDetection',
    method: 'post',
    path: '/v1/detections/:id/override',
    tag: 'Decisions',
    summary: 'A person contradicts the model. The reading stays; the other label stands beside it.',
    scope: 'review',
    isIdempotent: true,
    params,
    body: z
      .strictObject({ reviewer, factReference, label: tokenSchema, reason: tokenSchema })
      .meta({ id: 'Override' }),
    replies: { 201: { description: 'Recorded.', schema: receiptSchema } },
    errors: [...ERRORS, 'protected-trait'],
    handle: async ({ params: { id }, body, context }) => {
      const { receipt, sequence } = await sessions.override(id, body, context.principal.deployer);
      return { status: 201, body: { ...presentReceipt(receipt), sequence } };
    },
  }),
];
