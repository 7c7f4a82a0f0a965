import type { ErrorRequestHandler, Response } from 'express';
import { z } from 'zod';
import { API_ERRORS, ApiError, type ApiErrorCode } from '../errors.ts';
import { toLoggedError } from '../logging.ts';
import type { RequestContext } from './operation.ts';

/** RFC 9457 section 3.1; `type` resolves, on this server, to the page that explains the code. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(API_ERRORS) as [ApiErrorCode, ...ApiErrorCode[]]),
    detail: z.string().optional(),
    traceId: z.string().optional(),
    errors: z.array(z.object({ at: z.string(), message: z.string() })).optional(),
    recordId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details. Branch on code.' });

export type Problem = z.infer<typeof problemSchema>;

export const toProblem = (error: ApiError, traceId?: string): Problem => ({
  type: `/errors/${error.code}`,
  title: API_ERRORS[error.code].title,
  status: error.httpStatus,
  code: error.code,
  ...(error.message === API_ERRORS[error.code].title ? {} : { detail: error.message }),
  ...(traceId === undefined ? {} : { traceId }),
  ...error.extensions,
});

export const sendProblem = (response: Response, error: ApiError, traceId?: string): void => {
  response.status(error.httpStatus).set(error.headers);
  response.type('application/problem+json').send(JSON.stringify(toProblem(error, traceId)));
};

/** Which field was wrong and why. Messages name forms, never the values that were sent. */
export const badRequest = (part: string, issues: readonly z.core.$ZodIssue[]): ApiError =>
  new ApiError('bad-request', `The ${part} does not have the documented form.`, {
    extensions: {
      errors: issues
        .slice(0, 32)
        .map((issue) => ({ at: [part, ...issue.path].join('.'), message: issue.message })),
    },
  });

const BODY_PARSER_CODES: Readonly<Record<string, ApiErrorCode>> = {
  'entity.too.large': 'body-too-large',
  'entity.parse.failed': 'bad-json',
  'encoding.unsupported': 'unsupported-media-type',
  'charset.unsupported': 'unsupported-media-type',
  'request.size.invalid': 'bad-request',
  'request.aborted': 'bad-request',
};

/** Whatever was thrown, as an ApiError; only the unexpected stays `internal`. */
export const toApiError = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  const code = typeof type === 'string' ? BODY_PARSER_CODES[type] : undefined;
  if (code) return new ApiError(code, undefined, { cause: error });
  // A malformed %-escape in the path, or a body that does not inflate.
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ApiError('bad-request', undefined, { cause: error });
  return new ApiError('internal', undefined, { cause: error });
};

/** For answers that had begun already: cut off, which a client can tell from whole. Express would print the error. */
export const cutOff = (response: Response): void => {
  if (!response.writableEnded) response.destroy();
};

export const handleErrors: ErrorRequestHandler = (thrown, _request, response, _next) => {
  const error = toApiError(thrown);
  const context = response.locals.context as RequestContext;
  response.locals.errorCode ??= error.code;
  if (error.httpStatus >= 500)
    context.logger.error({ error: toLoggedError(error.cause ?? error, error.code) }, 'request failed');
  if (response.headersSent) cutOff(response);
  else sendProblem(response, error, context.traceId);
};
