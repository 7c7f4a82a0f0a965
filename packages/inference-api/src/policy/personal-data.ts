import type { TrailRecord } from '@testigo/trail';

// Fields that by their form are digests, ids, counters or closed words: nothing personal fits in them in the clear.
const CLOSED_FORM = /^(?:[0-9a-f]{32}|[0-9a-f]{64}|0x[0-9a-f]{40}|[A-Z_]{3,24})$/;

const PATTERNS: readonly RegExp[] = [
  /@|(?:^|[^a-z])at[-_.:][a-z0-9-]+[-_.:](?:com|org|net|eu|[a-z]{2})$/,
  // Phone, account, card and national identity numbers: seven digits or more, however they are grouped.
  /\d(?:[-_.:]?\d){6,}/,
  /[a-z]{2}\d{2}(?:[-_.:]?[a-z0-9]){11,30}$/,
  // A date with its day: births and incidents; a notice's year and month are fine.
  /(?:19|20)\d\d[-_.:]?(?:0[1-9]|1[0-2])[-_.:]?(?:0[1-9]|[12]\d|3[01])(?!\d)/,
  /(?:^|[-_.:])(?:mr|mrs|ms|dr|herr|frau|senhor|senhora)[-_.:][a-z]/,
];

const looksPersonal = (text: string): boolean =>
  !CLOSED_FORM.test(text) && PATTERNS.some((pattern) => pattern.test(text));

const walk = (value: unknown, path: string, found: string[]): void => {
  if (typeof value === 'string') {
    if (looksPersonal(value)) found.push(path);
  } else if (Array.isArray(value)) {
    value.forEach((item, i) => {
      walk(item, `${path}.${i}`, found);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) walk(item, path === '' ? key : `${path}.${key}`, found);
  }
};

/**
 * Paths of a record's public fields that look like personal data. A net with known meshes: it catches addresses,
 * numbers and dates of people; the closed lists of policy.allowed are what keeps names out.
 */
export const findPersonalData = (
  record: TrailRecord | Readonly<Record<string, unknown>>,
): readonly string[] => {
  const found: string[] = [];
  walk(record, '', found);
  return found;
};
