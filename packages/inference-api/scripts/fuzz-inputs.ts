// Hostile requests, made from a seed so that a failure can be run again.
import { createHash } from 'node:crypto';

export type Random = { below(n: number): number; bytes(n: number): Buffer; pick<T>(items: readonly T[]): T };

export const createRandom = (seed: string): Random => {
  let counter = 0;
  let pool = Buffer.alloc(0);
  const bytes = (n: number): Buffer => {
    while (pool.length < n)
      pool = Buffer.concat([pool, createHash('sha256').update(`${seed}/${counter++}`).digest()]);
    const taken = pool.subarray(0, n);
    pool = pool.subarray(n);
    return taken;
  };
  const below = (n: number): number => bytes(4).readUInt32BE() % n;
  return { below, bytes, pick: (items) => items[below(items.length)]! };
};

/** Flips, cuts, doubles or overwrites a stretch of valid bytes. */
export const damage = (valid: Buffer, random: Random): Buffer => {
  const bytes = Buffer.from(valid);
  const at = random.below(bytes.length);
  const length = 1 + random.below(64);
  switch (random.below(6)) {
    case 0:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(length), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length))]);
    case 4:
      random.bytes(length).copy(bytes, at);
      return bytes;
    default:
      // Headers are where sizes and lengths live.
      random.bytes(4).copy(bytes, random.below(Math.min(64, bytes.length)));
      return bytes;
  }
};

const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  '',
  'a',
  '\u0000',
  '\ud800',
  'é'.repeat(40),
  'x'.repeat(10_000),
  [],
  {},
  [[]],
  { __proto__: null },
  '__proto__',
  'constructor',
  '../../etc/passwd',
  "' OR 1=1 --",
  '0'.repeat(32),
  'NaN',
  '٣',
];

const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** JSON that is broken, deep, or has wrong values in the right places. */
export const hostileJson = (form: Readonly<Record<string, unknown>>, random: Random): string => {
  switch (random.below(6)) {
    case 0:
      return deep(1 + random.below(20_000));
    case 1:
      return JSON.stringify(form).slice(0, random.below(200));
    case 2:
      return `{"__proto__":{"polluted":true},${JSON.stringify(form).slice(1)}`;
    case 3:
      return JSON.stringify({
        ...form,
        [random.pick(['x', 'constructor', '', 'id', 'toString'])]: random.pick(VALUES),
      });
    case 4:
      return random.bytes(random.below(300)).toString('latin1');
    default: {
      const name = random.pick(Object.keys(form));
      return JSON.stringify({ ...form, [name]: random.pick(VALUES) });
    }
  }
};

export const hostileHeaders = (random: Random): Record<string, string> => {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const add = random.below(8);
  if (add === 0)
    headers['content-type'] = random.pick([
      'text/xml',
      'application/json; charset=utf-7',
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'a',
      '*/*',
    ]);
  if (add === 1)
    headers['content-encoding'] = random.pick(['gzip', 'br', 'deflate', 'zstd', 'x', 'gzip, gzip']);
  if (add === 2)
    headers.authorization = random.pick([
      'Bearer',
      'Bearer testigo_',
      'Basic AAAA',
      `Bearer ${'A'.repeat(5_000)}`,
      'Bearer a.b.c',
    ]);
  if (add === 3)
    headers['idempotency-key'] = random.pick([
      '',
      ' ',
      'x'.repeat(500),
      'k',
      'é'.normalize('NFD').replace(/[^\x20-\x7e]/g, ''),
    ]);
  if (add === 4) headers.traceparent = random.bytes(40).toString('hex');
  if (add === 5) headers.origin = random.pick(['null', 'https://evil.example.com', 'x']);
  return headers;
};

export const hostilePath = (id: string, random: Random): string =>
  random.pick([
    `/v1/records/${id}`,
    `/v1/records/${id}/evidence?disclose=${random.pick(['label', '__proto__', 'x,'.repeat(99), '%00'])}`,
    `/v1/sessions?limit=${random.pick(['0', '-1', '1e3', '1000', 'x', '%ff'])}`,
    `/v1/sessions?cursor=${random.bytes(12).toString('base64url')}`,
    '/%',
    '/%ff%fe',
    '/v1/records/..%2f..%2fetc',
    '/tile/0/000.p/999',
    '/tile/99/x',
    '/tile/entries/x999/999',
    '/tile/0/%00',
    '//',
    '/v1//sessions',
    `/v1/records/${'a'.repeat(8_000)}`,
    '/errors/__proto__',
    '/errors/constructor',
    `/v1/sessions/${id}/records?limit=1&limit=2`,
    '/checkpoint?x[]=1',
  ]);
