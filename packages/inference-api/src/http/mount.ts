import { context as traceContext } from '@opentelemetry/api';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import multer from 'multer';
import type { z } from 'zod';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../errors.ts';
import { type BodyBudget, holdBody, stopRefused } from './body-budget.ts';
import type { Idempotency } from './idempotency.ts';
import type { Operation, Reply, RequestContext } from './operation.ts';
import { badRequest } from './problem.ts';

const parsePart = async (part: string, schema: z.ZodType | undefined, value: unknown): Promise<unknown> => {
  if (!schema) return undefined;
  const parsed = await schema.safeParseAsync(value);
  if (!parsed.success) throw badRequest(part, parsed.error.issues);
  return parsed.data;
};

const sendReply = (response: Response, reply: Reply): void => {
  response.status(reply.status);
  if (reply.headers) response.set(reply.headers);
  const etag = response.getHeader('ETag');
  if (etag !== undefined && response.req.get('If-None-Match') === etag) {
    response.status(304).end();
  } else if (reply.body === undefined) {
    response.end();
  } else if (reply.body instanceof Uint8Array) {
    response.type(reply.contentType ?? 'application/octet-stream').send(Buffer.from(reply.body));
  } else if (typeof reply.body === 'string') {
    response.type(reply.contentType ?? 'text/plain').send(reply.body);
  } else {
    response.type(reply.contentType ?? 'application/json').send(JSON.stringify(reply.body));
  }
};

/** JSON bodies need their content type said: a browser form must not pass for a client. */
const requireContentType =
  ({ takesMultipart, takesText }: Operation): RequestHandler =>
  (request, _response, next) => {
    const isJson = request.is(takesText ?? 'application/json') !== false;
    const isMultipart = takesMultipart === true && request.is('multipart/form-data') !== false;
    if (!isJson && !isMultipart) throw new ApiError('unsupported-media-type');
    next();
  };

/** A form that cannot be read is the client's mistake, whatever the parser calls it. */
const translateFormErrors =
  (parse: RequestHandler): RequestHandler =>
  (request, response, next) =>
    parse(request, response, (error?: unknown) => {
      if (error === undefined) return next();
      const isTooLarge = error instanceof multer.MulterError && error.code === 'LIMIT_FILE_SIZE';
      next(
        new ApiError(isTooLarge ? 'body-too-large' : 'bad-request', 'The form cannot be read.', {
          cause: error,
        }),
      );
    });

/** A form's fields as the JSON body would have them: the file in base64, digits as numbers. */
const readForm: RequestHandler = (request, _response, next) => {
  if (request.file) {
    const fields = Object.entries((request.body ?? {}) as Record<string, unknown>).map(([name, value]) => {
      return [
        name,
        typeof value === 'string' && name.endsWith('Ms') && /^\d{1,15}$/.test(value) ? Number(value) : value,
      ];
    });
    request.body = { ...Object.fromEntries(fields), image: request.file.buffer.toString('base64') };
  }
  next();
};

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;

const NOBODY: Principal = {
  id: 'public',
  scopes: new Set(),
  deployer: undefined,
  isCurrent: async () => true,
};

const checkScope = (scope: Operation['scope'], response: Response): Principal => {
  const { principal, authError } = response.locals as { principal?: Principal; authError?: unknown };
  if (scope === 'public') return principal ?? NOBODY;
  if (!principal) throw authError ?? new ApiError('unauthenticated');
  if (!principal.scopes.has(scope)) throw new ApiError('forbidden', `This needs the scope ${scope}.`);
  return principal;
};

/** For routes that are no operations, such as streams of events. */
export const requireScope =
  (scope: Operation['scope']): RequestHandler =>
  (_request, response, next) => {
    checkScope(scope, response);
    next();
  };

const handlerOf =
  (operation: Operation, idempotency: Idempotency): RequestHandler =>
  async (request: Request, response: Response) => {
    const context = response.locals.context as RequestContext;
    const params = await parsePart('params', operation.params, request.params);
    const query = await parsePart('query', operation.query, request.query);
    const body = await parsePart('body', operation.body, request.body);
    const work = async () => operation.handle({ params, query, body, context } as never);
    // Body parsers leave the caller's asynchronous context behind: it is taken up again here.
    const traced = <T>(run: () => Promise<T>): Promise<T> => traceContext.with(context.trace, run);
    const key = operation.isIdempotent ? request.get('Idempotency-Key') : undefined;
    if (key === undefined) return sendReply(response, await traced(work));
    if (!IDEMPOTENCY_KEY.test(key))
      throw new ApiError('bad-request', 'An Idempotency-Key has 1 to 128 visible ASCII characters.');
    const { id, deployer } = context.principal;
    // An issuer may give one subject tokens of several deployers: what one asked is not what another asks.
    const limit = deployer === undefined ? [] : [deployer];
    const call = {
      principal: id,
      key,
      request: JSON.stringify([request.method, request.originalUrl, request.body, ...limit]),
    };
    sendReply(response, await traced(() => idempotency.run(call, work)));
  };

export type MountOptions = {
  readonly bodyBytes: number;
  readonly bodyBudget: BodyBudget;
  readonly idempotency: Idempotency;
  /** Runs before anything of a request's body is read: who it is, and how much they may send. */
  readonly admit: readonly RequestHandler[];
};

/** Session descriptions have a few kilobytes. */
const TEXT_BYTES = 65_536;

const bodyReaders = (operation: Operation, options: MountOptions): RequestHandler[] =>
  operation.body
    ? [
        requireContentType(operation),
        holdBody(options.bodyBudget),
        ...bodyParsers(operation, options.bodyBytes),
        stopRefused,
      ]
    : [];

const bodyParsers = (operation: Operation, bodyBytes: number): RequestHandler[] => {
  // Nothing is inflated for a caller: a few bytes would hold thousands.
  const inflate = false;
  if (operation.takesText)
    return [express.text({ limit: TEXT_BYTES, type: operation.takesText, defaultCharset: 'utf-8', inflate })];
  const parseJson = express.json({ limit: bodyBytes, type: 'application/json', strict: true, inflate });
  if (!operation.takesMultipart) return [parseJson];
  const limits = {
    fileSize: bodyBytes,
    files: 1,
    fields: 8,
    fieldSize: 4_096,
    fieldNameSize: 64,
    parts: 9,
    headerPairs: 32,
  };
  return [
    parseJson,
    translateFormErrors(multer({ storage: multer.memoryStorage(), limits }).single('image')),
    readForm,
  ];
};

/** Puts the operations on the app; every other method of their paths is answered 405 with Allow. */
export const mountOperations = (
  app: Express,
  operations: readonly Operation[],
  options: MountOptions,
): void => {
  const byPath = new Map<string, Operation[]>();
  for (const operation of operations)
    byPath.set(operation.path, [...(byPath.get(operation.path) ?? []), operation]);
  for (const [path, atPath] of byPath) {
    const route = app.route(path);
    for (const operation of atPath) {
      const authorize: RequestHandler = (_request, response, next) => {
        const context = response.locals.context as RequestContext;
        response.locals.operation = operation;
        response.locals.context = { ...context, principal: checkScope(operation.scope, response) };
        next();
      };
      const before = [...options.admit, authorize, ...bodyReaders(operation, options)];
      route[operation.method](...before, handlerOf(operation, options.idempotency));
    }
    const allow = [
      ...new Set(
        atPath.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])),
      ),
    ];
    route.all(() => {
      throw new ApiError('method-not-allowed', undefined, { headers: { Allow: allow.join(', ') } });
    });
  }
};
