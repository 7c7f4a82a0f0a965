import { z } from 'zod';
import { API_ERRORS, type ApiErrorCode } from '../errors.ts';
import type { Operation, ReplyForm } from './operation.ts';
import { problemSchema } from './problem.ts';

type Json = Record<string, unknown>;

const REF = '#/components/schemas/';

/** JSON Schema of one form; named schemas become references into `components`, which collects them. */
const toSchema = (schema: z.ZodType, io: 'input' | 'output', components: Json): Json => {
  const { $schema, $defs, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as Json & {
    $defs?: Json;
  };
  const rewrite = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rewrite);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => {
        if (key === 'id' && typeof item === 'string' && 'type' in value) return [];
        return [[key, key === '$ref' ? String(item).replace('#/$defs/', REF) : rewrite(item)]];
      }),
    );
  };
  for (const [name, item] of Object.entries($defs ?? {})) components[name] ??= rewrite(item);
  const { id } = (schema.meta() ?? {}) as { id?: string };
  if (id === undefined) return rewrite(rest) as Json;
  components[id] ??= rewrite(rest);
  return { $ref: `${REF}${id}` };
};

const toParameters = (schema: z.ZodType | undefined, place: 'path' | 'query', components: Json): Json[] => {
  if (!schema) return [];
  const { properties = {}, required = [] } = toSchema(schema, 'input', components) as {
    properties?: Json;
    required?: string[];
  };
  return Object.entries(properties).map(([name, form]) => {
    const { description, ...rest } = form as Json;
    const isRequired = place === 'path' || required.includes(name);
    return { name, in: place, required: isRequired, ...(description ? { description } : {}), schema: rest };
  });
};

const toReply = ({ description, schema, contentType }: ReplyForm, components: Json): Json => ({
  description,
  ...(schema || contentType
    ? {
        content: {
          [contentType ?? 'application/json']: {
            schema: schema ? toSchema(schema, 'output', components) : { type: 'string' },
          },
        },
      }
    : {}),
});

const COMMON: readonly ApiErrorCode[] = ['rate-limited', 'foreign-origin', 'internal'];

const FOR_CALLERS: readonly ApiErrorCode[] = [
  'unauthenticated',
  'forbidden',
  'issuer-unreachable',
  'store-unavailable',
];

/** Where several replicas share a store. */
const FOR_WRITES: readonly ApiErrorCode[] = ['not-writer', 'writer-unknown', 'writer-lost'];

const codesOf = (operation: Operation): readonly ApiErrorCode[] => [
  ...(operation.errors ?? []),
  ...COMMON,
  ...(operation.params || operation.query || operation.body ? (['bad-request'] as const) : []),
  ...(operation.body ? (['body-too-large', 'unsupported-media-type'] as const) : []),
  ...(operation.body && !operation.takesText ? (['bad-json'] as const) : []),
  ...(operation.scope === 'public' ? [] : FOR_CALLERS),
  ...(operation.method === 'get' ? [] : FOR_WRITES),
  ...(operation.isIdempotent ? (['idempotency-mismatch', 'idempotency-busy'] as const) : []),
];

const toProblems = (operation: Operation, components: Json): Json => {
  const schema = toSchema(problemSchema, 'output', components);
  const byStatus = new Map<number, ApiErrorCode[]>();
  for (const code of codesOf(operation)) {
    const { httpStatus } = API_ERRORS[code];
    byStatus.set(httpStatus, [...(byStatus.get(httpStatus) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${API_ERRORS[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema } },
      },
    ]),
  );
};

const IDEMPOTENCY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Sent again with the same key, the request gets the first answer and happens once.',
  schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[\\x21-\\x7e]+$' },
};

const refNameOf = (schema: Json): string => String(schema.$ref ?? '').slice(REF.length);

const toContent = (operation: Operation, components: Json): Json => {
  const schema = toSchema(operation.body!, 'input', components);
  if (!operation.takesMultipart) return { [operation.takesText ?? 'application/json']: { schema } };
  const fields = (components[refNameOf(schema)] ?? schema) as { properties: Json; required?: string[] };
  const form = {
    type: 'object',
    properties: { ...fields.properties, image: { type: 'string', format: 'binary', minLength: 1 } },
    required: fields.required ?? [],
    additionalProperties: false,
  };
  return { 'application/json': { schema }, 'multipart/form-data': { schema: form } };
};

const toOperation = (operation: Operation, components: Json): Json => ({
  operationId: operation.id,
  tags: [operation.tag],
  summary: operation.summary,
  ...(operation.scope === 'public' ? { security: [] } : { security: [{ bearer: [operation.scope] }] }),
  parameters: [
    ...toParameters(operation.params, 'path', components),
    ...toParameters(operation.query, 'query', components),
    ...(operation.isIdempotent ? [IDEMPOTENCY_PARAMETER] : []),
  ],
  ...(operation.body ? { requestBody: { required: true, content: toContent(operation, components) } } : {}),
  responses: {
    ...toProblems(operation, components),
    ...Object.fromEntries(
      Object.entries(operation.replies).map(([status, form]) => [status, toReply(form, components)]),
    ),
  },
});

/** OpenAPI 3.1 from the very values that route and validate. */
export const buildOpenApi = (operations: readonly Operation[]): Json => {
  const components: Json = {};
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method]: toOperation(operation, components) };
  }
  const schemas = Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Testigo inference API',
      version: '1',
      description:
        'Emotion readings on fraud-detection video calls, each one a provable record. A weak statistical signal; never a lie score. Beside the operations below, `GET /v1/records/{id}/anchoring` answers server-sent events and `/v1/sessions/{id}/frames` is a WebSocket: docs/api.md describes both, and the log in the C2SP formats.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, or a JWT with scopes `testigo:<scope>`.',
        },
      },
    },
  };
};
