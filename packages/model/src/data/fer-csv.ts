import { createReadStream, existsSync } from 'node:fs';
import { CsvError, type Info, parse } from 'csv-parse';
import { ModelError } from '../errors.ts';
import { PIXEL_COUNT, UNLABELLED } from '../labels.ts';
import type { FaceSet } from './face-set.ts';
import { GrowingBytes } from './growing-bytes.ts';
import {
  type Columns,
  parseHeader,
  parseLabel,
  parsePixels,
  parseUsage,
  type RowPlace,
} from './row-parser.ts';

export type CsvOptions = {
  /** Stop after this many rows. */
  readonly limit?: number;
  /** Called with rows read so far and bytes read so far, every 512 rows. */
  readonly onProgress?: (rows: number, bytes: number) => void;
};

/**
 * Reads any of the four CSV forms FER-2013 comes in, streaming: memory holds the decoded pixels and one row.
 * fer2013.csv (emotion,pixels,Usage) · icml_face_data.csv (emotion, Usage, pixels) · train.csv (emotion,pixels;
 * CRLF, quoted) · test.csv (pixels only: labels are then 255).
 * @throws ModelError with the row and line for the first thing that is wrong.
 */
export const loadFer2013Csv = async (path: string, options: CsvOptions = {}): Promise<FaceSet> => {
  if (!existsSync(path)) throw new ModelError('data-not-found', { path });
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  const parser = stream.pipe(
    parse({ bom: true, info: true, relax_column_count: true, max_record_size: 1 << 20 }),
  );
  stream.on('error', (error) => parser.destroy(error));
  const pixels = new GrowingBytes(PIXEL_COUNT * 4096);
  const labels = new GrowingBytes(4096);
  const splits = new GrowingBytes(4096);
  let columns: Columns | undefined;
  let row = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      if (!columns) {
        columns = parseHeader(record, path);
        continue;
      }
      if (row >= limit) break;
      row++;
      const place = { path, row, line: info.lines };
      checkColumns(record, columns, place);
      parsePixels(record[columns.pixels]!, pixels.grow(PIXEL_COUNT), pixels.length - PIXEL_COUNT, place);
      labels.push(columns.emotion < 0 ? UNLABELLED : parseLabel(record[columns.emotion], place));
      splits.push(
        columns.emotion < 0 ? 1 : parseUsage(columns.usage < 0 ? undefined : record[columns.usage], place),
      );
      if (row % 512 === 0) options.onProgress?.(row, info.bytes);
    }
  } catch (error) {
    throw await explainFailure(error, path, row);
  } finally {
    stream.destroy();
  }
  if (row === 0) throw new ModelError('data-empty', { path });
  return { count: row, pixels: pixels.take(), labels: labels.take(), splits: splits.take(), source: path };
};

const checkColumns = (record: readonly string[], columns: Columns, place: RowPlace): void => {
  if (record.length !== columns.count) {
    throw new ModelError('row-columns', { ...place, seen: record.length, expected: columns.count });
  }
};

/** A row that breaks the rules and ends where the file does, without a line end, was cut, not written wrongly. */
const explainFailure = async (error: unknown, path: string, row: number): Promise<unknown> => {
  if (error instanceof CsvError) {
    const line = 'lines' in error ? Number(error.lines) : row + 2;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
      return new ModelError(
        'file-truncated',
        { path, row: row + 1, line, seen: 'a quote is open' },
        { cause: error },
      );
    }
    return new ModelError(
      'data-form-unknown',
      { path, seen: `not CSV at line ${line}: ${error.message}` },
      { cause: error },
    );
  }
  const isRowFault =
    error instanceof ModelError && ['row-columns', 'row-pixel-count', 'row-usage'].includes(error.code);
  if (!isRowFault || !(await endsInsideLine(path, Number(error.details.line)))) return error;
  const seen =
    error.code === 'row-pixel-count'
      ? `${error.details.seen} of 2304 pixels`
      : error.message.split(': ').at(-1)!;
  return new ModelError(
    'file-truncated',
    { path, row: error.details.row!, line: error.details.line!, seen },
    { cause: error },
  );
};

/** Whether `line` (from 1) is the file's last and has no line end. */
const endsInsideLine = async (path: string, line: number): Promise<boolean> => {
  let ends = 0;
  let last = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) ends++;
    last = chunk.at(-1)!;
  }
  return last !== 10 && ends === line - 1;
};
