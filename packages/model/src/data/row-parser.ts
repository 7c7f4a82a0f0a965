import { ModelError } from '../errors.ts';
import { LABELS, PIXEL_COUNT, UNLABELLED } from '../labels.ts';
import { SPLITS } from './face-set.ts';

export type RowPlace = { readonly path: string; readonly row: number; readonly line: number };

/** Where each column of the header sits; -1 where the form does not have it. */
export type Columns = {
  readonly emotion: number;
  readonly pixels: number;
  readonly usage: number;
  readonly count: number;
};

export const parseHeader = (header: readonly string[], path: string): Columns => {
  const names = header.map((name) => name.trim().toLowerCase());
  const columns = {
    emotion: names.indexOf('emotion'),
    pixels: names.indexOf('pixels'),
    usage: names.indexOf('usage'),
    count: names.length,
  };
  if (columns.pixels < 0) {
    const seen = `the header is ${JSON.stringify(header.join(',').slice(0, 80))}, a column "pixels" is missing`;
    throw new ModelError('data-form-unknown', { path, seen });
  }
  return columns;
};

/** Reads "70 80 82 …" into `out` at `offset`; exactly 2,304 values of 0 to 255. */
export const parsePixels = (text: string, out: Uint8Array, offset: number, place: RowPlace): void => {
  let count = 0;
  let value = 0;
  let digits = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 32;
    if (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      digits++;
    } else if (code === 32 || code === 9) {
      if (digits === 0) continue;
      if (value > 255) throw pixelError(String(value), count, place);
      if (count < PIXEL_COUNT) out[offset + count] = value;
      count++;
      value = 0;
      digits = 0;
    } else {
      throw pixelError(
        JSON.stringify(
          text
            .slice(i - digits)
            .split(' ', 1)[0]!
            .slice(0, 12),
        ),
        count,
        place,
      );
    }
  }
  if (count !== PIXEL_COUNT) throw new ModelError('row-pixel-count', { ...place, seen: count });
};

const pixelError = (seen: string, pixel: number, place: RowPlace) =>
  new ModelError('row-pixel-value', { ...place, pixel: pixel + 1, seen });

/** A class index, or a class name in any case. */
export const parseLabel = (text: string | undefined, place: RowPlace): number => {
  if (text === undefined) return UNLABELLED;
  const trimmed = text.trim();
  if (/^[0-6]$/.test(trimmed)) return Number(trimmed);
  const byName = LABELS.indexOf(trimmed.toLowerCase() as (typeof LABELS)[number]);
  if (byName >= 0) return byName;
  throw new ModelError('row-label', { ...place, seen: JSON.stringify(trimmed.slice(0, 24)) });
};

/** The official split; a form without the column is Training. */
export const parseUsage = (text: string | undefined, place: RowPlace): number => {
  if (text === undefined) return 0;
  const index = SPLITS.indexOf(text.trim() as (typeof SPLITS)[number]);
  if (index >= 0) return index;
  throw new ModelError('row-usage', { ...place, seen: JSON.stringify(text.trim().slice(0, 24)) });
};
