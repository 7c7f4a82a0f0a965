import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import {
  appendToRange,
  emptyRange,
  encodeSample,
  hashLeaf,
  parseSample,
  rootOfRange,
  type Sample,
  toHex,
  utf8,
} from '@testigo/trail';
import { AuditError, messageOf } from '../errors.ts';
import type { SampleSet } from '../verify/check-samples.ts';
import { describeCsvProblem } from './csv-records.ts';
import { type SampleHeader, samplesOfCsv } from './fer-csv-samples.ts';
import { SampleLedger } from './sample-ledger.ts';

const MAX_PROBLEMS = 20;

/**
 * Streams samples into their root: either one canonical sample a line, or a FER-2013 CSV, from which the samples are
 * made anew with what the dataset manifest says about all of them.
 * @throws AuditError `file-unreadable`
 */
export async function readSamples(path: string, header: SampleHeader | undefined): Promise<SampleSet> {
  let range = emptyRange();
  const ledger = new SampleLedger();
  const malformed: { line: number; reason: string }[] = [];
  try {
    for await (const sample of openSamples(path, header)) {
      const problem =
        sample instanceof Error ? sample.message : (findMisplaced(sample, range.size) ?? ledger.add(sample));
      if (problem !== undefined && malformed.length < MAX_PROBLEMS)
        malformed.push({ line: range.size + 1, reason: problem });
      range = appendToRange(range, hashLeaf(sample instanceof Error ? utf8('') : encodeSample(sample)));
    }
  } catch (cause) {
    throw new AuditError('file-unreadable', `cannot read ${path}: ${describeCsvProblem(cause)}`, { cause });
  }
  return {
    source: path,
    size: range.size,
    root: toHex(rootOfRange(range)),
    counts: ledger.counts,
    malformed,
  };
}

/** @throws Error if the file cannot be read, or is a CSV and there is no manifest to complete it */
export async function* openSamples(
  path: string,
  header: SampleHeader | undefined,
): AsyncGenerator<Sample | Error> {
  if ((await readFirstByte(path)) === '{') {
    for await (const text of createInterface({ input: createReadStream(path) })) yield readLine(text);
    return;
  }
  if (header === undefined)
    throw new Error('a CSV needs the dataset manifest, which names its source and licence');
  yield* samplesOfCsv(path, header);
}

function readLine(text: string): Sample | Error {
  try {
    return parseSample(utf8(text));
  } catch (error) {
    return new Error(messageOf(error), { cause: error });
  }
}

const findMisplaced = (sample: Sample, position: number): string | undefined =>
  sample.index === position ? undefined : `sample ${sample.index} stands at position ${position}`;

async function readFirstByte(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
