import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { ApiError } from '../errors.ts';
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
  if (reply.body === undefined) {
    response.end();
  } else if (reply.body instanceof Uint8Array) {
    response.type(reply.contentType ?? 'application/octet-stream').send(Buffer.from(reply.body));
  } else if (typeof reply.body === 'string') {
    response.type(reply.contentType ?? 'text/plain; charset=utf-8').send(reply.body);
  } else {
    response.type(reply.contentType ?? 'application/json').send(JSON.stringify(reply.body));
  }
};

/** JSON bodies need the content type said: a browser form must not pass for a client. */
const requireJson: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json')) throw new ApiError('unsupported-media-type');
  next();
};

const handlerOf =
  (operation: Operation): RequestHandler =>
  async (request: Request, response: Response) => {
    const context = response.locals.context as RequestContext;
    const params = await parsePart('params', operation.params, request.params);
    const query = await parsePart('query', operation.query, request.query);
    const body = await parsePart('body', operation.body, request.body);
    const reply = await operation.handle({ params, query, body, context } as never);
    sendReply(response, reply);
  };

export type MountOptions = { readonly bodyBytes: number };

/** Puts the operations on the app; every other method of their paths is answered 405 with Allow. */
export const mountOperations = (
  app: Express,
  operations: readonly Operation[],
  options: MountOptions,
): void => {
  const json = express.json({
    limit: options.bodyBytes,
    type: 'application/json',
    strict: true,
    inflate: true,
  });
  const byPath = new Map<string, Operation[]>();
  for (const operation of operations)
    byPath.set(operation.path, [...(byPath.get(operation.path) ?? []), operation]);
  for (const [path, atPath] of byPath) {
    const route = app.route(path);
    for (const operation of atPath) {
      const before = operation.body ? [requireJson, json] : [];
      route[operation.method](...before, handlerOf(operation));
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
