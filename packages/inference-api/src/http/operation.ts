import type { Context as TraceContext } from '@opentelemetry/api';
import type { z } from 'zod';
import type { Principal, Scope } from '../auth/principal.ts';
import type { ApiErrorCode } from '../errors.ts';
import type { Logger } from '../logging.ts';

export type RequestContext = {
  readonly traceId: string;
  /** What spans of this request belong under. */
  readonly trace: TraceContext;
  readonly logger: Logger;
  /** Who asks; set for every operation whose scope is not public. */
  readonly principal: Principal;
};

export type Reply = {
  readonly status: number;
  /** Sent as JSON, or as it is where it is bytes or a string. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type ReplyForm = {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** application/json if absent. */
  readonly contentType?: string;
};

type Read<S> = S extends z.ZodType ? z.infer<S> : undefined;

type OperationInput<P, Q, B> = {
  readonly params: Read<P>;
  readonly query: Read<Q>;
  readonly body: Read<B>;
  readonly context: RequestContext;
};

/**
 * One endpoint: the Express route, its validation and its part of the OpenAPI document all come from this value,
 * so they cannot drift apart.
 */
export type Operation<
  P extends z.ZodType | undefined = z.ZodType | undefined,
  Q extends z.ZodType | undefined = z.ZodType | undefined,
  B extends z.ZodType | undefined = z.ZodType | undefined,
> = {
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Express form: `/v1/records/:id`, `/tile/*path`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly scope: Scope | 'public';
  /** Takes Idempotency-Key. */
  readonly isIdempotent?: boolean;
  /** Takes the body as multipart/form-data too, with the picture as a file. */
  readonly takesMultipart?: boolean;
  /** Takes the body as text of this type, and not as JSON. */
  readonly takesText?: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly replies: Readonly<Record<number, ReplyForm>>;
  /** Codes beyond those that every endpoint can answer with. */
  readonly errors?: readonly ApiErrorCode[];
  handle(input: OperationInput<P, Q, B>): Promise<Reply> | Reply;
};

export const defineOperation = <
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  operation: Operation<P, Q, B>,
): Operation => operation as unknown as Operation;
