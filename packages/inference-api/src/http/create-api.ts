import { randomBytes } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { API_ERRORS, ApiError } from '../errors.ts';
import { createLogRouter } from '../log/router.ts';
import type { Logger } from '../logging.ts';
import type { EvidenceParts } from '../records/evidence.ts';
import { mountOperations } from './mount.ts';
import type { Operation, RequestContext } from './operation.ts';
import { handleErrors } from './problem.ts';
import { type DetectionRouteParts, detectionOperations } from './routes/detections.ts';
import { errorOperations } from './routes/errors.ts';
import { type HealthParts, healthOperations } from './routes/health.ts';
import { recordOperations } from './routes/records.ts';

export type ApiDeps = {
  readonly logger: Logger;
  readonly bodyBytes: number;
  readonly trustProxy: number;
  readonly detections: DetectionRouteParts;
  readonly evidence: EvidenceParts;
  readonly health: HealthParts;
};

/** W3C trace-context: a caller's trace id is kept, so that one id finds the call in both systems' logs. */
const readTraceId = (header: string | undefined): string =>
  /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(header ?? '')?.[1] ?? randomBytes(16).toString('hex');

const traceRequests =
  (logger: Logger): RequestHandler =>
  (request, response, next) => {
    const traceId = readTraceId(request.get('traceparent'));
    const context: RequestContext = { traceId, logger: logger.child({ trace: { id: traceId } }) };
    response.locals.context = context;
    const startedAt = process.hrtime.bigint();
    response.on('finish', () => {
      const duration = Number(process.hrtime.bigint() - startedAt);
      context.logger.info(
        {
          http: { request: { method: request.method }, response: { status_code: response.statusCode } },
          url: { path: request.path },
          event: { duration },
          ...(response.locals.errorCode === undefined
            ? {}
            : { error: { code: response.locals.errorCode as string } }),
        },
        'request',
      );
    });
    response.set('X-Trace-Id', traceId);
    next();
  };

export const apiOperations = (deps: ApiDeps): readonly Operation[] => [
  ...detectionOperations(deps.detections),
  ...recordOperations(deps.evidence),
  ...healthOperations(deps.health),
  ...errorOperations(API_ERRORS),
];

/** The whole HTTP surface over what it is given: no clock, disk or network of its own. */
export const createApi = (deps: ApiDeps): Express => {
  const app = express();
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('trust proxy', deps.trustProxy)
    .set('query parser', 'simple');
  app.use(traceRequests(deps.logger), helmet());
  mountOperations(app, apiOperations(deps), { bodyBytes: deps.bodyBytes });
  app.use(createLogRouter(deps.evidence.log));
  app.use(() => {
    throw new ApiError('not-found');
  });
  app.use(handleErrors);
  return app;
};
