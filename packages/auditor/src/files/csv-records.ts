import { createReadStream } from 'node:fs';
import { CsvError, type Options, parse } from 'csv-parse';
import { messageOf } from '../errors.ts';

/** Records of a CSV file, read as a stream. Whatever goes wrong with the file is met by whoever reads the records. */
export function readCsvRecords<T>(path: string, options: Options): AsyncIterable<T> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const records = file.pipe(parse(options));
  // pipe passes no error on, and one that nobody hears ends the process
  file.on('error', (error) => records.destroy(error));
  return records;
}

/** Without the library's own message, which quotes the whole record. */
export const describeCsvProblem = (error: unknown): string =>
  error instanceof CsvError ? `line ${error.lines} is no line of a CSV (${error.code})` : messageOf(error);
