import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { appendToRange, emptyRange, hashLeaf, parseSample, rootOfRange, toHex, utf8 } from '@testigo/trail';
import { AuditError, messageOf } from '../errors.ts';
import type { SampleSet } from '../verify/check-samples.ts';

const MAX_PROBLEMS = 20;

/** Streams a file of samples, one canonical sample a line, into its root. @throws AuditError `file-unreadable` */
export async function readSamples(path: string): Promise<SampleSet> {
  let range = emptyRange();
  const malformed: { line: number; reason: string }[] = [];
  let line = 0;
  try {
    for await (const text of createInterface({
      input: createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      line += 1;
      const bytes = utf8(text);
      const problem = findProblem(bytes, range.size);
      if (problem !== undefined && malformed.length < MAX_PROBLEMS) malformed.push({ line, reason: problem });
      range = appendToRange(range, hashLeaf(bytes));
    }
  } catch (cause) {
    throw new AuditError('file-unreadable', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  return { source: path, size: range.size, root: toHex(rootOfRange(range)), malformed };
}

function findProblem(bytes: Uint8Array, index: number): string | undefined {
  try {
    const sample = parseSample(bytes);
    return sample.index === index ? undefined : `sample ${sample.index} stands at position ${index}`;
  } catch (error) {
    return messageOf(error);
  }
}
