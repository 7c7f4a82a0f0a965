import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { anchoringSchema } from './config/anchoring.ts';
import { authSchema } from './config/auth.ts';
import { isRecord, readEnvironment } from './config/environment.ts';
import { facesSchema } from './config/faces.ts';
import { limitsSchema } from './config/limits.ts';
import { logSchema } from './config/log.ts';
import { modelSchema } from './config/model.ts';
import { policySchema } from './config/policy.ts';
import { registrySchema } from './config/registry.ts';
import { serverSchema } from './config/server.ts';
import { replicaSchema, storeSchema } from './config/store.ts';
import { hex, milliseconds } from './config/values.ts';
import { webRtcSchema } from './config/web-rtc.ts';
import { webhooksSchema } from './config/webhooks.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const fieldsSchema = z.strictObject({
  dataDir: z.string().default('.testigo/api'),
  store: storeSchema,
  replica: replicaSchema.prefault({}),
  server: serverSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  model: modelSchema.prefault({}),
  faces: facesSchema.prefault({}),
  webrtc: webRtcSchema.prefault({}),
  registry: registrySchema,
  log: logSchema.prefault({}),
  anchoring: anchoringSchema.prefault({}),
  auth: authSchema,
  webhooks: webhooksSchema.prefault({}),
  policy: policySchema.prefault({}),
  keys: z
    .strictObject({
      /** Wraps the subject keys; made and kept in the data folder if absent. */
      masterKey: hex(32).optional(),
    })
    .prefault({}),
  tracing: z
    .strictObject({
      /** OTLP over HTTP, for instance http://127.0.0.1:4318/v1/traces; without it nothing is traced. */
      otlpUrl: z.url({ protocol: /^https?$/ }).optional(),
      /** Sent with every export, such as a collector's API key. */
      otlpHeaders: z.record(z.string(), z.string()).optional(),
      /** Of the traces that no caller began. */
      sampleRatio: z.number().min(0).max(1).default(1),
      exportDelayMs: milliseconds.default(5_000),
    })
    .prefault({}),
  logging: z
    .strictObject({
      level: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
      format: z.enum(['auto', 'ecs', 'pretty']).default('auto'),
    })
    .prefault({}),
});

const sharesStore = ({ store }: z.infer<typeof fieldsSchema>): boolean => store !== 'sqlite';
const SHARED_KEY = 'needed with a store that replicas share: without it each would make a key of its own';

/** No tenant takes everything where there can be several. */
const fillShares = <C extends z.infer<typeof fieldsSchema>>({ auth, limits, webhooks, ...config }: C) => {
  const shareOf = (total: number): number =>
    auth.mode === 'open' ? total : Math.max(1, Math.floor(total / 2));
  const { streamsPerTenant = shareOf(limits.streams) } = limits;
  const { maxEndpointsPerTenant = shareOf(webhooks.maxEndpoints) } = webhooks;
  return {
    ...config,
    auth,
    limits: { ...limits, streamsPerTenant },
    webhooks: { ...webhooks, maxEndpointsPerTenant },
  };
};

export const configSchema = fieldsSchema
  .refine(({ auth, server }) => auth.mode === 'required' || LOOPBACK.has(server.host), {
    path: ['auth', 'mode'],
    message: 'open only on a loopback host: set it to required to listen elsewhere',
  })
  .refine(({ limits: { bodyBytes, bufferedBytes } }) => bufferedBytes >= 4 * bodyBytes, {
    path: ['limits', 'bufferedBytes'],
    message:
      'at least four times limits.bodyBytes: a caller may hold a quarter of it, and needs room for one body',
  })
  .refine((config) => !sharesStore(config) || config.log.signingKey !== undefined, {
    path: ['log', 'signingKey'],
    message: SHARED_KEY,
  })
  .refine((config) => !sharesStore(config) || config.keys.masterKey !== undefined, {
    path: ['keys', 'masterKey'],
    message: SHARED_KEY,
  })
  .refine(
    ({ policy, anchoring: { privateKey, recorderKey } }) =>
      policy.onChain === 'none' || (privateKey !== undefined && recorderKey !== undefined),
    { path: ['policy', 'onChain'], message: 'needs anchoring.privateKey and anchoring.recorderKey' },
  )
  .refine(({ anchoring: { privateKey, recorderKey } }) => !recorderKey || recorderKey !== privateKey, {
    path: ['anchoring', 'recorderKey'],
    message: 'must be the key of another account than anchoring.privateKey',
  })
  .transform(fillShares);

export type ApiConfig = z.infer<typeof configSchema>;
export type ApiConfigInput = z.input<typeof configSchema>;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`,
      options,
    );
    this.problems = problems;
  }
}

/** @throws ConfigError that lists every problem at once */
export const parseConfig = (input: unknown): ApiConfig => {
  const parsed = configSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`),
  );
};

const mergeDeep = (base: unknown, over: unknown): unknown => {
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over))
    merged[key] = key in base ? mergeDeep(base[key], value) : value;
  return merged;
};

/** File first, environment over it. @throws ConfigError */
export const loadConfig = (file: string | undefined, env: NodeJS.ProcessEnv): ApiConfig => {
  let fromFile: unknown = {};
  if (file !== undefined) {
    try {
      fromFile = JSON.parse(readFileSync(file, 'utf8'));
    } catch (cause) {
      throw new ConfigError([`${file}: ${cause instanceof Error ? cause.message : 'unreadable'}`], { cause });
    }
  }
  return parseConfig(mergeDeep(fromFile, readEnvironment(env)));
};
