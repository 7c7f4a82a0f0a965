import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { ApiError } from '../errors.ts';
import { unixTimeMs } from './unix-time.ts';

// Without tracing these are the API's no-ops. Attributes hold ids, codes and counts: never a picture, a label or a
// score, because traces leave the machine.

const tracer = () => trace.getTracer('testigo-api');

/** A stage that was measured elsewhere, such as on another thread. Unix milliseconds with a fraction. */
export type Stage = { readonly name: string; readonly startedAtMs: number; readonly endedAtMs: number };

/** Ends the span; of an error only its code is told, since messages may quote what was sent. */
export const endSpan = (span: Span, error?: unknown): void => {
  if (error !== undefined) {
    const code = error instanceof ApiError ? error.code : 'internal';
    span.setAttribute('error.type', code);
    // A refusal is an answer, not a failure of the service.
    if (!(error instanceof ApiError) || error.httpStatus >= 500)
      span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(unixTimeMs());
};

/** Runs the work under a span of this name, a child of the current one. */
export const inSpan = <T>(name: string, work: (span: Span) => Promise<T>): Promise<T> =>
  tracer().startActiveSpan(name, { startTime: unixTimeMs() }, async (span) => {
    try {
      const result = await work(span);
      endSpan(span);
      return result;
    } catch (error) {
      endSpan(span, error);
      throw error;
    }
  });

/** A span that outlives one call; `run` makes it the current one for some work. */
export const openSpan = (name: string, attributes: Attributes = {}) => {
  const span = tracer().startSpan(name, { attributes, startTime: unixTimeMs() });
  const inside = trace.setSpan(context.active(), span);
  return {
    span,
    run: <T>(work: () => T): T => context.with(inside, work),
    addStages: (stages: readonly Stage[]): void => {
      for (const { name: stage, startedAtMs, endedAtMs } of stages)
        tracer().startSpan(stage, { startTime: startedAtMs }, inside).end(endedAtMs);
    },
  };
};

export type OpenSpan = ReturnType<typeof openSpan>;

/** W3C trace context of a request's headers; the root context where they have none or it is malformed. */
export const readTraceContext = (headers: Readonly<Record<string, unknown>>): Context =>
  propagation.extract(ROOT_CONTEXT, headers);

/** The span of one HTTP request and the context that its handlers run in. */
export const openServerSpan = (method: string, headers: Readonly<Record<string, unknown>>) => {
  const parent = readTraceContext(headers);
  const attributes = { 'http.request.method': method };
  const span = tracer().startSpan(
    method,
    { kind: SpanKind.SERVER, attributes, startTime: unixTimeMs() },
    parent,
  );
  return { span, inside: trace.setSpan(parent, span) };
};

/** Named by its operation, never by its path: paths hold ids. */
export const endServerSpan = (
  span: Span,
  operation: { readonly method: string; readonly path: string } | undefined,
  status: number,
  errorCode: string | undefined,
): void => {
  if (operation) {
    span.updateName(`${operation.method.toUpperCase()} ${operation.path}`);
    span.setAttribute('http.route', operation.path);
  }
  span.setAttribute('http.response.status_code', status);
  if (errorCode !== undefined) span.setAttribute('error.type', errorCode);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(unixTimeMs());
};

/** Undefined without tracing: then nobody made an id. */
export const traceIdOf = (span: Span): string | undefined => {
  const { traceId } = span.spanContext();
  return /^0+$/.test(traceId) ? undefined : traceId;
};
