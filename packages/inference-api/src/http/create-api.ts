import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { ApiKeys } from '../auth/api-keys.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import type { ApiConfig } from '../config.ts';
import { API_ERRORS, ApiError } from '../errors.ts';
import { createLogRouter } from '../log/router.ts';
import type { Logger } from '../logging.ts';
import type { Metrics } from '../metrics.ts';
import type { EvidenceParts } from '../records/evidence.ts';
import type { RightsService } from '../rights/rights-service.ts';
import type { SessionService } from '../sessions/session-service.ts';
import { endServerSpan, openServerSpan, traceIdOf } from '../tracing/spans.ts';
import type { WebhookService } from '../webhooks/webhook-service.ts';
import type { WhipService } from '../webrtc/whip-service.ts';
import { admitCallers, allowOrigins } from './admit.ts';
import { createBodyBudget } from './body-budget.ts';
import type { Idempotency } from './idempotency.ts';
import { mountOperations, requireScope } from './mount.ts';
import type { Operation } from './operation.ts';
import { handleErrors } from './problem.ts';
import type { RateLimit } from './rate-limit.ts';
import { readTraceId } from './raw-problem.ts';
import { streamAnchoring } from './routes/anchoring-events.ts';
import { decisionOperations } from './routes/decisions.ts';
import { type DetectionRouteParts, detectionOperations } from './routes/detections.ts';
import { describeApi } from './routes/docs.ts';
import { errorOperations } from './routes/errors.ts';
import { type HealthParts, healthOperations } from './routes/health.ts';
import { keyOperations } from './routes/keys.ts';
import { metricsOperations } from './routes/metrics.ts';
import { recordOperations } from './routes/records.ts';
import { rightsOperations } from './routes/rights.ts';
import { sessionOperations } from './routes/sessions.ts';
import { webhookOperations } from './routes/webhooks.ts';
import { whipOperations } from './routes/whip.ts';
import { createStreamSlots } from './stream-slots.ts';

export type ApiDeps = {
  readonly logger: Logger;
  readonly config: Pick<ApiConfig, 'server' | 'limits'>;
  readonly authenticate: Authenticate;
  readonly rate: RateLimit;
  readonly idempotency: Idempotency;
  readonly metrics: Metrics;
  readonly apiKeys: ApiKeys;
  readonly detections: DetectionRouteParts;
  readonly evidence: EvidenceParts;
  readonly sessions: SessionService;
  readonly rights: RightsService;
  readonly webhooks: WebhookService;
  readonly whip: WhipService;
  readonly health: HealthParts;
};

const SSE_POLL_MS = 500;

/** Without it, where no TLS is, the links of /docs would lead to an https that does not answer. */
const HEADERS = { contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } };

const traceRequests =
  ({ logger, metrics }: ApiDeps): RequestHandler =>
  (request, response, next) => {
    const { span, inside } = openServerSpan(request.method, request.headers);
    const traceId = traceIdOf(span) ?? readTraceId(request.get('traceparent'));
    const context = { traceId, trace: inside, logger: logger.child({ trace: { id: traceId } }) };
    response.locals.context = context;
    const startedAt = process.hrtime.bigint();
    response.on('close', () => {
      const duration = Number(process.hrtime.bigint() - startedAt);
      const { errorCode, operation } = response.locals as { errorCode?: string; operation?: Operation };
      const operationId = operation?.id;
      endServerSpan(span, operation, response.statusCode, errorCode);
      metrics.countRequest({ operation: operationId ?? 'none', status: response.statusCode }, duration / 1e9);
      const outcome = errorCode === undefined ? {} : { error: { code: errorCode } };
      const http = { request: { method: request.method }, response: { status_code: response.statusCode } };
      context.logger.info({ http, url: { path: request.path }, event: { duration }, ...outcome }, 'request');
    });
    response.set('X-Trace-Id', traceId);
    next();
  };

export const apiOperations = (deps: ApiDeps): readonly Operation[] =>
  describeApi([
    ...detectionOperations(deps.detections),
    ...decisionOperations(deps.sessions),
    ...sessionOperations({ sessions: deps.sessions, state: deps.evidence.state }),
    ...recordOperations(deps.evidence),
    ...rightsOperations({ rights: deps.rights, sessions: deps.sessions }),
    ...webhookOperations(deps.webhooks),
    ...whipOperations(deps.whip),
    ...keyOperations(deps.apiKeys),
    ...healthOperations(deps.health),
    ...metricsOperations(deps.metrics),
    ...errorOperations(API_ERRORS),
  ]);

/** The whole HTTP surface over what it is given: no clock, disk or network of its own. */
export const createApi = (deps: ApiDeps): Express => {
  const { server, limits } = deps.config;
  const app = express();
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('trust proxy', server.trustProxy)
    .set('query parser', 'simple');
  app.use(traceRequests(deps), helmet(HEADERS), allowOrigins({ origins: server.corsOrigins }));
  const admit = admitCallers(deps.authenticate, deps.rate);
  mountOperations(app, apiOperations(deps), {
    bodyBytes: limits.bodyBytes,
    bodyBudget: createBodyBudget(limits.bufferedBytes),
    idempotency: deps.idempotency,
    admit,
  });
  app.get(
    '/v1/records/:id/anchoring',
    ...admit,
    requireScope('read'),
    streamAnchoring({
      ...deps.evidence,
      pollMs: SSE_POLL_MS,
      isDraining: deps.health.isDraining,
      slots: createStreamSlots(limits),
    }),
  );
  app.use(createLogRouter(deps.evidence.log));
  app.use(() => {
    throw new ApiError('not-found');
  });
  app.use(handleErrors);
  return app;
};
