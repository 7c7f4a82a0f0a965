import { createReadStream } from 'node:fs';
import { AuditError, messageOf } from '../errors.ts';
import { CLASSES, PIXELS, type SampleSet } from './sample-set.ts';

const NO_SPLIT = 'unnamed';

/**
 * FER-2013 in the forms it is found in: `emotion,pixels,Usage` in any order, with spaces in the header, quoted,
 * with CRLF, with or without Usage. Read as a stream: 271 MB of text never lie in memory at once.
 * @throws AuditError `file-unreadable` or `samples-invalid`, with the line number
 */
export async function readSamplesCsv(path: string): Promise<SampleSet> {
  const builder = new SetBuilder(path);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
        builder.addLine(bytes, start, end);
        start = end + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
    }
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    throw new AuditError('file-unreadable', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  builder.addLine(rest, 0, rest.length);
  return builder.finish();
}

class SetBuilder {
  readonly #path: string;
  #line = 0;
  #columns: { emotion: number; pixels: number; usage: number } | undefined;
  #pixels = new Uint8Array(PIXELS * 4096);
  readonly #labels: number[] = [];
  readonly #splits: number[] = [];
  readonly #splitNames: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  addLine(bytes: Buffer, start: number, end: number): void {
    this.#line += 1;
    const stop = end > start && bytes[end - 1] === 13 ? end - 1 : end;
    if (stop === start) return;
    if (this.#columns === undefined) {
      this.#columns = this.#readHeader(bytes.toString('latin1', start, stop));
      return;
    }
    const fields = splitFields(bytes, start, stop);
    this.#labels.push(this.#readLabel(bytes, fields[this.#columns.emotion]));
    this.#readPixels(bytes, fields[this.#columns.pixels]);
    this.#splits.push(this.#readSplit(bytes, fields[this.#columns.usage]));
  }

  finish(): SampleSet {
    const size = this.#labels.length;
    if (size === 0) this.#refuse('there is no sample in it');
    return {
      size,
      pixels: this.#pixels.slice(0, size * PIXELS),
      labels: Uint8Array.from(this.#labels),
      splits: Uint8Array.from(this.#splits),
      splitNames: this.#splitNames,
    };
  }

  #readHeader(text: string): { emotion: number; pixels: number; usage: number } {
    const names = text
      .replace(/^ï»¿/, '')
      .split(',')
      .map((name) => name.trim().replaceAll('"', '').trim().toLowerCase());
    const columns = {
      emotion: names.indexOf('emotion'),
      pixels: names.indexOf('pixels'),
      usage: names.indexOf('usage'),
    };
    if (columns.emotion < 0 || columns.pixels < 0) this.#refuse('the header names no emotion or no pixels');
    return columns;
  }

  #readLabel(bytes: Buffer, field: Field | undefined): number {
    const text = field === undefined ? '' : bytes.toString('latin1', field.start, field.end).trim();
    if (!/^[0-6]$/.test(text)) this.#refuse(`the emotion is no class index 0 to ${CLASSES - 1}`);
    return Number(text);
  }

  #readSplit(bytes: Buffer, field: Field | undefined): number {
    const name = field === undefined ? NO_SPLIT : bytes.toString('latin1', field.start, field.end).trim();
    const known = this.#splitNames.indexOf(name);
    if (known >= 0) return known;
    if (this.#splitNames.length === 255) this.#refuse('it has more than 255 splits');
    return this.#splitNames.push(name) - 1;
  }

  #readPixels(bytes: Buffer, field: Field | undefined): void {
    const from = (this.#labels.length - 1) * PIXELS;
    if (from + PIXELS > this.#pixels.length) {
      const grown = new Uint8Array(this.#pixels.length * 2);
      grown.set(this.#pixels);
      this.#pixels = grown;
    }
    let count = 0;
    let value = -1;
    const end = field?.end ?? 0;
    for (let at = field?.start ?? 0; at <= end; at++) {
      const digit = at < end ? bytes[at]! - 48 : -16;
      if (digit >= 0 && digit <= 9) {
        value = (value < 0 ? 0 : value * 10) + digit;
        if (value > 255) this.#refuse('a pixel is above 255');
      } else if (digit !== -16) this.#refuse('the pixels hold something that is no number');
      else if (value >= 0) {
        if (count < PIXELS) this.#pixels[from + count] = value;
        count += 1;
        value = -1;
      }
    }
    if (count !== PIXELS) this.#refuse(`there are ${count} pixels, not ${PIXELS}`);
  }

  #refuse(reason: string): never {
    throw new AuditError('samples-invalid', `${this.#path}, line ${this.#line}: ${reason}`);
  }
}

type Field = { readonly start: number; readonly end: number };

/** Quotes go; a comma within them does not part fields. */
function splitFields(bytes: Buffer, start: number, stop: number): Field[] {
  const fields: Field[] = [];
  let from = start;
  while (from <= stop) {
    const isQuoted = bytes[from] === 34;
    const close = isQuoted ? bytes.indexOf(34, from + 1) : -1;
    const comma = bytes.indexOf(44, isQuoted && close > 0 ? close : from);
    const end = comma < 0 || comma > stop ? stop : comma;
    fields.push(
      isQuoted && close > 0 && close < end + 1 ? { start: from + 1, end: close } : { start: from, end },
    );
    from = end + 1;
  }
  return fields;
}
