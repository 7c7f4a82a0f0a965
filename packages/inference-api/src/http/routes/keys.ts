import { z } from 'zod';
import type { ApiKey, ApiKeys } from '../../auth/api-keys.ts';
import { chooseDeployer } from '../../auth/deployer.ts';
import { SCOPES } from '../../auth/principal.ts';
import { defineOperation } from '../operation.ts';
import { timeSchema, tokenSchema } from '../schemas.ts';

const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    deployer: z.string().optional(),
    createdAtMs: z.int(),
    expiresAtMs: z.int().optional(),
    revokedAtMs: z.int().optional(),
  })
  .meta({ id: 'ApiKey' });

const newKeySchema = z
  .strictObject({
    name: tokenSchema,
    scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
    deployer: tokenSchema.optional().meta({
      description:
        "Limits the key to this deployer's sessions. Whoever is limited to one makes keys of that one only.",
    }),
    expiresAtMs: timeSchema.optional(),
  })
  .meta({ id: 'NewApiKey' });

const keyParams = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, '16 lowercase hex digits') });

export const keyOperations = (keys: ApiKeys) => [
  defineOperation({
    id: 'createKey',
    method: 'post',
    path: '/v1/keys',
    tag: 'Keys',
    summary:
      'Makes an API key. Its token is in this answer and nowhere else. To rotate: make one, move over, revoke the old.',
    scope: 'admin',
    body: newKeySchema,
    replies: {
      201: {
        description: 'Keep the token.',
        schema: keySchema.extend({ token: z.string() }).meta({ id: 'CreatedApiKey' }),
      },
    },
    handle: async ({ body, context }) => {
      // Whoever is limited to a deployer cannot make a key that is not.
      const deployer = chooseDeployer(context.principal, body.deployer);
      const { key, token } = await keys.create({ ...body, deployer });
      return {
        status: 201,
        body: { ...key, token } satisfies ApiKey & { token: string },
        headers: { 'Cache-Control': 'no-store' },
      };
    },
  }),
  defineOperation({
    id: 'listKeys',
    method: 'get',
    path: '/v1/keys',
    tag: 'Keys',
    summary: 'All keys, without their secrets.',
    scope: 'admin',
    replies: { 200: { description: 'The keys.', schema: z.object({ keys: z.array(keySchema) }) } },
    handle: async ({ context }) => ({
      status: 200,
      body: { keys: await keys.list(context.principal.deployer) },
    }),
  }),
  defineOperation({
    id: 'revokeKey',
    method: 'delete',
    path: '/v1/keys/:id',
    tag: 'Keys',
    summary: 'Revokes a key at once.',
    scope: 'admin',
    params: keyParams,
    replies: { 204: { description: 'Revoked.' } },
    errors: ['key-unknown'],
    handle: async ({ params: { id }, context }) => {
      await keys.revoke(id, context.principal.deployer);
      return { status: 204 };
    },
  }),
];
