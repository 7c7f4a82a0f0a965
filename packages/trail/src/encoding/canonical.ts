// Canonical JSON: RFC 8785 restricted to what every language encodes alike. Two correct writers must produce
// the same bytes, so everything RFC 8785 leaves to number formatting or key collation is forbidden instead.
import { TrailError } from '../errors.ts';
import { fromUtf8, isWellFormed, utf8 } from './text.ts';

export type CanonicalValue =
  | string
  | number
  | boolean
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

/** Largest encoding, in bytes. C2SP tlog-tiles entry bundles hold records of at most 65,535 bytes. */
export const MAX_RECORD_BYTES = 65_535;
const MAX_DEPTH = 16;
const KEY = /^[\x20-\x7e]{1,64}$/;
// Many object models, schema libraries among them, drop or misread this key: a field could ride along unseen.
const FORBIDDEN_KEY = '__proto__';
const refuse = (path: string, why: string): never => {
  throw new TrailError('not-encodable', `At ${path || '/'}: ${why}.`);
};

// A Date or a Uint8Array would otherwise be written as whatever enumerable keys it happens to have.
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// Printable ASCII without quote and backslash, nearly every string in a record, is its own encoding and its own NFC.
const PLAIN = /^[ !#-[\]-~]*$/;

// RFC 8785, section 3.2.2.2: JSON.stringify's escapes are the required ones.
function encodeString(text: string, path: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!isWellFormed(text)) refuse(path, 'a lone surrogate');
  if (text.normalize('NFC') !== text) refuse(path, 'a string that is not NFC');
  return JSON.stringify(text);
}

// Records share a few dozen keys: each is checked and written once.
const writtenKeys = new Map<string, string>();
const MAX_WRITTEN_KEYS = 512;

function encodeKey(key: string, path: string): string {
  const known = writtenKeys.get(key);
  if (known !== undefined) return known;
  if (!KEY.test(key) || key === FORBIDDEN_KEY)
    refuse(path, 'a key that is not 1 to 64 printable ASCII characters, or is __proto__');
  const written = `${encodeString(key, path)}:`;
  if (writtenKeys.size < MAX_WRITTEN_KEYS) writtenKeys.set(key, written);
  return written;
}

function encodeObject(
  value: { readonly [key: string]: CanonicalValue },
  path: string,
  depth: number,
): string {
  // ASCII keys: the UTF-16 order of RFC 8785 section 3.2.3 is then plain byte order in any language.
  let text = '{';
  for (const key of Object.keys(value).sort()) {
    const written = encodeKey(key, path);
    text += `${text === '{' ? '' : ','}${written}${encode(value[key] as CanonicalValue, `${path}/${key}`, depth + 1)}`;
  }
  return `${text}}`;
}

function encode(value: CanonicalValue, path: string, depth: number): string {
  if (depth > MAX_DEPTH) refuse(path, `nesting deeper than ${MAX_DEPTH}`);
  if (typeof value === 'string') return encodeString(value, path);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0))
      refuse(path, `${value} is not an integer within ±(2^53 - 1)`);
    return String(value);
  }
  if (Array.isArray(value)) {
    // Array.from visits holes too, which map would skip.
    return `[${Array.from(value as CanonicalValue[], (v, i) => encode(v, `${path}/${i}`, depth + 1)).join(',')}]`;
  }
  if (isPlainObject(value)) {
    return encodeObject(value as { readonly [key: string]: CanonicalValue }, path, depth);
  }
  return refuse(path, `${value === null ? 'null' : typeof value} has no encoding`);
}

/**
 * The one byte string of a value (docs/spec/record.md, "Encoding").
 * @throws TrailError `not-encodable` for a float, null, undefined, a hole, an object that is not plain, a non-ASCII
 *   key or a string that is not NFC
 */
export const encodeCanonical = (value: CanonicalValue): Uint8Array => utf8(encode(value, '', 0));

/**
 * Reads canonical bytes back. Re-encoding must give the same bytes: that one comparison refuses duplicate keys,
 * floats, exponents, whitespace, unsorted keys, alternative escapes and a byte order mark alike.
 * @throws TrailError `not-canonical` unless `bytes` are exactly what `encodeCanonical` writes
 */
export function decodeCanonical(bytes: Uint8Array): CanonicalValue {
  let text: string;
  let value: CanonicalValue;
  try {
    text = fromUtf8(bytes);
    value = JSON.parse(text) as CanonicalValue;
  } catch (cause) {
    throw new TrailError('not-canonical', 'The bytes are not UTF-8 JSON.', { cause });
  }
  let again: string;
  try {
    again = encode(value, '', 0);
  } catch (cause) {
    throw new TrailError('not-canonical', cause instanceof Error ? cause.message : String(cause), { cause });
  }
  // Strict UTF-8 decoding gives no two byte strings the same text, so equal texts are equal bytes.
  if (again !== text) throw new TrailError('not-canonical', 'Encoding the value again gives other bytes.');
  return value;
}
