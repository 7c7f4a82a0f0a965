import { createHash } from 'node:crypto';
import type { Sample } from '@testigo/trail';
import { readCsvRecords } from './csv-records.ts';

/** FER-2013's classes in the order of its label column. */
const LABELS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'] as const;
const PIXELS = 48 * 48;

/** What the samples share, and a CSV does not say; it comes from the signed manifest and is bound by the root. */
export interface SampleHeader {
  readonly name: string;
  readonly licence: string;
  readonly source: string;
}

interface Columns {
  readonly emotion: number;
  readonly pixels: number;
  readonly usage: number;
}

/**
 * Makes the samples of a FER-2013 CSV anew (docs/spec/dataset-manifest.md): fer2013.csv, icml_face_data.csv with its
 * spaced header, or train.csv without a Usage column. Yields an Error for a row that is none, and goes on.
 */
export async function* samplesOfCsv(path: string, header: SampleHeader): AsyncGenerator<Sample | Error> {
  const rows = readCsvRecords<string[]>(path, {
    bom: true,
    relax_column_count: true,
    max_record_size: 1 << 20,
  });
  let columns: Columns | undefined;
  let index = 0;
  for await (const record of rows) {
    if (columns === undefined) {
      columns = findColumns(record);
      continue;
    }
    yield makeSample(record, columns, index, header);
    index += 1;
  }
}

function findColumns(record: readonly string[]): Columns {
  const names = record.map((name) => name.trim().toLowerCase());
  return {
    emotion: names.indexOf('emotion'),
    pixels: names.indexOf('pixels'),
    usage: names.indexOf('usage'),
  };
}

function makeSample(
  record: readonly string[],
  columns: Columns,
  index: number,
  header: SampleHeader,
): Sample | Error {
  const pixels = readPixels(record[columns.pixels] ?? '');
  const emotion = record[columns.emotion]?.trim() ?? '';
  const label = /^[0-6]$/.test(emotion) ? LABELS[Number(emotion)] : undefined;
  if (pixels === undefined) return new Error(`${PIXELS} numbers from 0 to 255 expected`);
  if (label === undefined) return new Error(`emotion ${JSON.stringify(emotion)} is not 0 to 6`);
  return {
    type: 'sample',
    version: 1,
    index,
    id: `${header.name}:${index}`,
    // The text as the dataset writes it, whatever the spacing of this file.
    contentSha256: createHash('sha256').update(pixels.join(' ')).digest('hex'),
    pixelsSha256: createHash('sha256').update(pixels).digest('hex'),
    label,
    split: (record[columns.usage]?.trim() ?? 'Training').toLowerCase(),
    source: header.source,
    licence: header.licence,
  };
}

function readPixels(text: string): Uint8Array | undefined {
  const pixels = new Uint8Array(PIXELS);
  let count = 0;
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    const digit = i < text.length ? text.charCodeAt(i) - 48 : -16;
    if (digit >= 0 && digit <= 9) value = Math.max(value, 0) * 10 + digit;
    else if (digit === -16 && value >= 0) {
      if (value > 255 || count === PIXELS) return undefined;
      pixels[count++] = value;
      value = -1;
    } else if (digit !== -16) return undefined;
  }
  return count === PIXELS ? pixels : undefined;
}
