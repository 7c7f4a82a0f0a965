import type { Metrics } from '../../metrics.ts';
import { defineOperation } from '../operation.ts';

export const metricsOperations = ({ registry }: Metrics) => [
  defineOperation({
    id: 'getMetrics',
    method: 'get',
    path: '/metrics',
    tag: 'Operation',
    summary: 'Prometheus metrics: counts and durations, never what was read.',
    scope: 'admin',
    replies: { 200: { description: 'Text exposition format.', contentType: 'text/plain' } },
    handle: async () => ({ status: 200, body: await registry.metrics(), contentType: registry.contentType }),
  }),
];
