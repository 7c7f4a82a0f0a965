import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const milliseconds = z.int().min(1);
const token = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/, 'a short lowercase token such as fraud-detection');
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes in lowercase hex`);
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'a contract address');

/** Values under these names are secrets: `--print-config` and logs show that they are set, never what they are. */
const SECRETS = new Set(['masterKey', 'signingKey', 'privateKey', 'recorderKey', 'otlpHeaders']);

const serverSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  /** 0 takes any free port. */
  port: z.int().min(0).max(65_535).default(8080),
  /** Serves HTTPS by itself; without it a proxy in front does. */
  tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional(),
  /** Browser origins that may call, for instance https://desk.example.com. */
  corsOrigins: z.array(z.url({ protocol: /^https?$/ })).default([]),
  /** Hops of reverse proxies whose X-Forwarded-For counts. */
  trustProxy: z.int().min(0).max(8).default(0),
  /** How long a shutdown waits for answers under way. */
  drainMs: milliseconds.default(10_000),
});

const limitsSchema = z.strictObject({
  bodyBytes: z
    .int()
    .min(1024)
    .default(8 * 1024 * 1024),
  imagePixels: z.int().min(2304).default(16_777_216),
  decodeTimeoutMs: milliseconds.default(2_000),
  /** By caller. Frames of a stream do not count. */
  requestsPerMinute: z.int().min(1).default(6_000),
  /** Frames of one stream being read or waiting; then the stream is paused until one is answered. */
  framesInFlight: z.int().min(1).max(64).default(2),
  streams: z.int().min(1).default(1_000),
  /** Threads that read pictures, each with its own copy of the networks (about 60 MB). One a core, eight at most. */
  readers: z
    .int()
    .min(1)
    .max(64)
    .default(() => Math.min(availableParallelism(), 8)),
  /** Pictures being read or waiting, all clients together; more are answered 503. */
  picturesInFlight: z.int().min(1).default(64),
});

const modelSchema = z.strictObject({
  /** Folder of the model bundle; the one that ships with @testigo/model if absent. */
  bundleDir: z.string().optional(),
  threads: z.int().min(1).max(64).default(1),
});

const facesSchema = z.strictObject({
  /** BlazeFace, or OpenCV's Haar cascade, which is slower and finds frontal faces only (docs/faces.md). */
  detector: z.enum(['blazeface', 'haar']).default('blazeface'),
  /** Of BlazeFace, as threads is. */
  threshold: z.number().min(0.05).max(0.99).default(0.7),
  threads: z.int().min(1).max(64).default(1),
});

const webRtcSchema = z.strictObject({
  /** Opens /v1/sessions/{id}/whip; needs the optional package @roamhq/wrtc. */
  enabled: z.boolean().default(false),
  /** Of the camera's frames so many a second are read, the rest passed over. */
  framesPerSecond: z.number().min(0.1).max(60).default(15),
  /** STUN servers, as stun:host:port; none are needed where senders reach this host directly. */
  stunUrls: z
    .array(z.string().regex(/^stuns?:[^\s]+$/))
    .max(8)
    .default([]),
  /** UDP ports for media, for a firewall to let through; any if absent. */
  ports: z
    .strictObject({ min: z.int().min(1).max(65_535), max: z.int().min(1).max(65_535) })
    .refine(({ min, max }) => min <= max, 'min is not above max')
    .optional(),
  /** How long a sender may take to connect. */
  connectMs: milliseconds.default(20_000),
});

const registrySchema = z.strictObject({
  rpcUrl: z.url({ protocol: /^https?$/ }),
  address,
  /** Pinned: a node of another chain must not vouch for a model. */
  chainId: z.int().min(1),
  pollMs: milliseconds.default(10_000),
  /** An answer of the registry older than this counts as none: a revocation stops readings within this time. */
  maxAgeMs: milliseconds.max(60_000).default(60_000),
});

const logSchema = z.strictObject({
  /** Name of the log, a schema-less URL (C2SP tlog-checkpoint). */
  origin: z
    .string()
    .regex(/^[^\s+]+$/)
    .default('testigo.local/calls'),
  /** Ed25519 seed; made and kept in the data folder if absent. */
  signingKey: hex(32).optional(),
  /** How long the first record of a batch waits for company: more saves writes, less answers sooner. */
  batchDelayMs: z.int().min(0).max(1_000).default(5),
});

const accountKey = z.string().regex(/^0x[0-9a-fA-F]{64}$/);

const anchoringSchema = z.strictObject({
  /** Key of the account that pays for anchors; without it the log is kept and served, but not anchored. */
  privateKey: accountKey.optional(),
  /** Key of another account, with the registry's recorder role: `policy.onChain` needs one. */
  recorderKey: accountKey.optional(),
  /** Nodes to ask, two or more of different operators outside a local chain; registry.rpcUrl if absent. */
  rpcUrls: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .optional(),
  maxFeeGwei: z.int().min(1).default(500),
  /** For chains without the safe and finalized tags: blocks on top that count as such. */
  depths: z
    .strictObject({ safe: z.int().min(0), finalized: z.int().min(0) })
    .default({ safe: 32, finalized: 64 }),
  pollMs: milliseconds.default(1_000),
  minIntervalMs: z.int().min(0).default(10_000),
  /** How long a record may wait for a log size that is cheap to anchor; 0 anchors every size as it comes. */
  alignWaitMs: z.int().min(0).default(30_000),
  resendAfterMs: milliseconds.default(15_000),
  bumpAfterMs: milliseconds.default(60_000),
});

const authSchema = z
  .strictObject({
    /** `open` asks nobody who they are: for one machine only, so it needs a loopback host. */
    mode: z.enum(['open', 'required']).default('open'),
    jwt: z
      .strictObject({
        issuer: z.string().min(1),
        audience: z.string().min(1),
        jwksUri: z.url({ protocol: /^https?$/ }).optional(),
        /** The issuer's keys are fetched again for a key id that is unknown, but not sooner than this after the last time. */
        refetchAfterMs: z.int().min(0).default(30_000),
        jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
      })
      .refine(
        ({ jwksUri, jwks }) => (jwksUri === undefined) !== (jwks === undefined),
        'give jwksUri or jwks, one of them',
      )
      .optional(),
  })
  .prefault({});

const cidr = z.string().refine((text) => ipaddr.isValidCIDR(text), 'a network such as 10.1.0.0/16');

const webhooksSchema = z.strictObject({
  maxEndpoints: z.int().min(0).max(1_000).default(100),
  /** Networks in CIDR form that may be called although they are not public, also over plain http. */
  allowedNetworks: z.array(cidr).default([]),
  /** How often the service looks for something to tell. */
  pollMs: milliseconds.default(1_000),
  /** Of one attempt, from connecting to the status line. */
  timeoutMs: milliseconds.max(60_000).default(10_000),
  /** Attempts of one delivery before it is given up as dead. The defaults spread them over about a day. */
  attempts: z.int().min(1).max(50).default(12),
  /** The delay after the first failure; each further one is four times as long, half of it random. */
  firstRetryMs: milliseconds.default(5_000),
  maxRetryMs: milliseconds.default(6 * 3_600_000),
  /** How long settled deliveries are listed. */
  keptMs: milliseconds.default(30 * 24 * 3_600_000),
});

const policySchema = z.strictObject({
  id: token.default('testigo-policy-1'),
  /** Length of the windows whose signals streams are told. */
  windowMs: milliseconds.default(5_000),
  /** `decisions` puts every reading that a review or an override is about on chain by itself. */
  onChain: z.enum(['none', 'decisions']).default('none'),
  /** Closed lists for the public fields of sessions; without a list any code is taken. */
  allowed: z
    .strictObject({
      purposes: z.array(token).optional(),
      legalBases: z.array(token).optional(),
      deployers: z.array(token).optional(),
      notices: z.array(token).optional(),
    })
    .prefault({}),
  /**
   * Terms under which pictures without a session are read, each as a session of its own. Absent: such pictures
   * are refused, because nobody vouches for a notice to the person in them.
   */
  singlePictures: z
    .strictObject({
      purpose: token,
      legalBasis: token,
      deployer: token,
      notice: token,
      subjectRole: z.literal('customer').default('customer'),
    })
    .optional(),
});

const POSTGRES_URL = /^postgres(ql)?:\/\//;

/** `sqlite` keeps everything in dataDir; a postgres:// URL lets several replicas share it, one of them writing. */
const storeSchema = z
  .string()
  .refine(
    (text) => text === 'sqlite' || (POSTGRES_URL.test(text) && URL.canParse(text)),
    'sqlite, or the URL of a PostgreSQL database: postgres://user:password@host:5432/database',
  )
  .default('sqlite');

const replicaSchema = z.strictObject({
  /** Where the other replicas reach this one; the address it listens on if absent. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** A writer that is silent for so long is cut off, and another replica takes over. */
  leaseMs: milliseconds.min(500).max(60_000).default(3_000),
  /** How long a request waits while the replicas elect a writer. */
  electionWaitMs: z.int().min(0).max(60_000).default(5_000),
});

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

export const configSchema = fieldsSchema
  .refine(({ auth, server }) => auth.mode === 'required' || LOOPBACK.has(server.host), {
    path: ['auth', 'mode'],
    message: 'open only on a loopback host: set it to required to listen elsewhere',
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
  });

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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// 08080 or 0x10 are not what anybody means; everything but plain numbers and booleans stays text.
const readScalar = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(0|[1-9]\d{0,15})(\.\d+)?$/.test(text) ? Number(text) : text;
};

/** TESTIGO_SERVER__PORT=9000 sets server.port; names are split at double underscores, words at single ones. */
export const readEnvironment = (env: NodeJS.ProcessEnv): Record<string, unknown> => {
  const config: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(env)) {
    if (
      !name.startsWith('TESTIGO_') ||
      // Compose files pass on what is unset as empty.
      value === undefined ||
      value === '' ||
      name === 'TESTIGO_CONFIG' ||
      name === 'TESTIGO_DATA'
    )
      continue;
    const path = name
      .slice('TESTIGO_'.length)
      .split('__')
      .map((part) => part.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
    let at = config;
    for (const key of path.slice(0, -1)) {
      if (!isRecord(at[key])) at[key] = {};
      at = at[key] as Record<string, unknown>;
    }
    at[path.at(-1) ?? ''] = readScalar(value);
  }
  return config;
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

/** Passwords stand before the host, or among the parameters; nothing else of the URL is secret. */
const redactUrl = (text: string): string => {
  if (!POSTGRES_URL.test(text)) return text;
  const url = new URL(text);
  if (url.password !== '') url.password = 'redacted';
  for (const name of ['password', 'sslpassword']) {
    if (url.searchParams.has(name)) url.searchParams.set(name, 'redacted');
  }
  return url.href;
};

/** The configuration as it may be shown. */
export const redactConfig = (value: unknown, name = ''): unknown => {
  if (name === 'store' && typeof value === 'string') return redactUrl(value);
  if (SECRETS.has(name)) return value === undefined ? undefined : '[redacted]';
  if (Array.isArray(value)) return value.map((item) => redactConfig(item, name));
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactConfig(item, key)]));
  return value;
};
