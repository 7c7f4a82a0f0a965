import { ecsFormat } from '@elastic/ecs-pino-format';
import { type Logger, pino } from 'pino';
import type { ApiConfig } from './config.ts';

export type { Logger };

// Fields that would carry a face, a reading or a key. Nothing logs them today; the list keeps it so.
const NEVER_LOGGED = [
  'image',
  'pixels',
  'payload',
  'label',
  'scoresPpm',
  'confidencePpm',
  'probabilities',
  'subjectKey',
  'salt',
];

const paths = NEVER_LOGGED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** ECS JSON on stdout, as Elasticsearch takes it; on a terminal, lines a person can read. */
export const createLogger = (config: ApiConfig['logging'], isTerminal: boolean): Logger => {
  const base = {
    level: config.level,
    redact: { paths: [...paths, 'http.request.headers.authorization'], remove: true },
  };
  if (config.format === 'pretty' || (config.format === 'auto' && isTerminal)) {
    return pino({ ...base, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } });
  }
  return pino({ ...ecsFormat({ serviceName: 'testigo-api', apmIntegration: false }), ...base });
};

/** ECS error fields with our code, in one object: pino's `err` beside an `error` would write the key twice. */
export const toLoggedError = (error: unknown, code: string): Readonly<Record<string, string>> => {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { code, type: name, message, ...(stack === undefined ? {} : { stack_trace: stack }) };
};
