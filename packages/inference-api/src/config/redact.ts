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

/** Node operators put the key of an account into the path or the query of its URL: only the place is shown. */
const NODE_URLS = new Set(['rpcUrl', 'rpcUrls']);

/** What of an HTTP URL is no secret. */
const showUrl = (text: string, name: string): string => {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  if (NODE_URLS.has(name)) {
    const isBare = url.pathname === '/' && url.search === '' && url.username === '' && url.password === '';
    return isBare ? text : `${url.origin}/[redacted]`;
  }
  if (url.username === '' && url.password === '') return text;
  url.username = 'redacted';
  url.password = '';
  return url.href;
};

/** The configuration as it may be shown. */
export const redactConfig = (value: unknown, name = ''): unknown => {
  if (name === 'store' && typeof value === 'string') return redactUrl(value);
  if (SECRETS.has(name)) return value === undefined ? undefined : '[redacted]';
  if (typeof value === 'string') return showUrl(value, name);
  if (Array.isArray(value)) return value.map((item) => redactConfig(item, name));
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactConfig(item, key)]));
  return value;
};
