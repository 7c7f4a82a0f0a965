import { z } from 'zod';
import type { TransparencyLog } from '../../log/log.ts';
import type { RegistryWatch } from '../../registry/registry-watch.ts';
import { defineOperation } from '../operation.ts';

const readinessSchema = z
  .object({
    ready: z.boolean(),
    mayRead: z.boolean(),
    reason: z.string().optional(),
    chain: z.object({ blockNumber: z.int().optional(), lagMs: z.int().optional() }),
    log: z.object({ origin: z.string(), logId: z.string(), verifierKey: z.string(), size: z.int() }),
    modelVersion: z.string(),
    replica: z
      .object({ role: z.enum(['writer', 'reader']), term: z.int().optional() })
      .optional()
      .meta({
        description: 'Where several replicas share a database: whether this one records, and in which term.',
      }),
  })
  .meta({ id: 'Readiness' });

export type ReplicaRole = { readonly role: 'writer'; readonly term: number } | { readonly role: 'reader' };

export type HealthParts = {
  readonly registry: RegistryWatch;
  readonly log: TransparencyLog;
  readonly modelVersion: string;
  readonly isDraining: () => boolean;
  readonly replica?: ReplicaRole | undefined;
};

export const healthOperations = ({ registry, log, modelVersion, isDraining, replica }: HealthParts) => [
  defineOperation({
    id: 'getLiveness',
    method: 'get',
    path: '/livez',
    tag: 'Operation',
    scope: 'public',
    summary: 'The process answers.',
    replies: { 200: { description: 'Alive.', contentType: 'text/plain' } },
    handle: () => ({ status: 200, body: 'ok\n', contentType: 'text/plain' }),
  }),
  defineOperation({
    id: 'getReadiness',
    method: 'get',
    path: '/readyz',
    tag: 'Operation',
    scope: 'public',
    summary: 'Readings are possible: the model stands on chain and the log writes.',
    replies: {
      200: { description: 'Ready.', schema: readinessSchema },
      503: { description: 'Not ready; `reason` is an error code.', schema: readinessSchema },
    },
    handle: () => {
      const standing = registry.standing();
      const lagMs = registry.lagMs();
      const blockNumber = registry.blockNumber();
      const ready = standing.mayRead && !isDraining();
      const body = {
        ready,
        mayRead: standing.mayRead,
        ...(standing.mayRead ? {} : { reason: standing.code }),
        chain: {
          ...(blockNumber === undefined ? {} : { blockNumber }),
          ...(lagMs === undefined ? {} : { lagMs }),
        },
        log: {
          origin: log.origin,
          logId: log.logId,
          verifierKey: log.verifierKey,
          size: log.checkpoint().size,
        },
        modelVersion,
        ...(replica ? { replica } : {}),
      };
      return { status: ready ? 200 : 503, body };
    },
  }),
];
