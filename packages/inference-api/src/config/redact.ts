import { isRecord } from './environment.ts';
import { POSTGRES_URL } from './store.ts';

/** Values under these names are secrets: `--print-config` and logs show that they are set, never what they are. */
const SECRETS = new Set(['masterKey', 'signingKey', 'privateKey', 'recorderKey', 'otlpHeaders']);

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
