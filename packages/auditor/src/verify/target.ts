/** What `verify` is asked to verify. Indices count from 0, and `last` belongs to the range. */
export type Target =
  | { readonly kind: 'bundle'; readonly path: string }
  | { readonly kind: 'hash'; readonly leafHash: string }
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'range'; readonly first: number; readonly last: number };

const RANGE = /^(0|[1-9]\d{0,14})\.\.(0|[1-9]\d{0,14})$/;

/** Anything that is no hash, no id and no range is a file; a file named like one of them is written `./NAME`. */
export function parseTarget(text: string): Target {
  if (/^[0-9a-f]{64}$/.test(text)) return { kind: 'hash', leafHash: text };
  if (/^[0-9a-f]{32}$/.test(text)) return { kind: 'id', id: text };
  const [, first, last] = RANGE.exec(text) ?? [];
  if (first === undefined || last === undefined) return { kind: 'bundle', path: text };
  return { kind: 'range', first: Number(first), last: Number(last) };
}
