import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { AuditError, messageOf } from '../errors.ts';
import { CLASS_NAMES } from '../poisoning/sample-set.ts';
import type { Judged } from './metrics.ts';
import type { Selected } from './selection-report.ts';

export type Predictions =
  | { readonly kind: 'judged'; readonly rows: readonly Judged[] }
  /** There is no column `truth`. */
  | { readonly kind: 'selected'; readonly rows: readonly Selected[] };

/**
 * A CSV with the columns `group`, `predicted` and, where it is known, `truth`; classes by name or by index. One file a
 * grouping: who audits decides what the groups are.
 * @throws AuditError `file-unreadable` or `samples-invalid`
 */
export async function readPredictionsCsv(path: string): Promise<Predictions> {
  const judged: Judged[] = [];
  const selected: Selected[] = [];
  try {
    const records = createReadStream(path).pipe(
      parse({ bom: true, columns: (names) => names.map((name: string) => name.trim()) }),
    );
    for await (const record of records as AsyncIterable<Record<string, string>>) {
      const line = judged.length + selected.length + 2;
      const group = record.group?.trim() ?? '';
      if (group === '') refuse(line, 'there is no group');
      const predicted = classOf(record.predicted, line);
      if (record.truth === undefined) selected.push({ group, predicted });
      else judged.push({ group, truth: classOf(record.truth, line), predicted });
    }
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    throw new AuditError('file-unreadable', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  if (judged.length + selected.length === 0) refuse(1, 'there is no row in it');
  return selected.length > 0 ? { kind: 'selected', rows: selected } : { kind: 'judged', rows: judged };
}

function classOf(text: string | undefined, line: number): number {
  const name = text?.trim() ?? '';
  const index = /^[0-6]$/.test(name) ? Number(name) : (CLASS_NAMES as readonly string[]).indexOf(name);
  if (index < 0) refuse(line, `${JSON.stringify(name)} is no class`);
  return index;
}

function refuse(line: number, reason: string): never {
  throw new AuditError('samples-invalid', `line ${line} of the predictions: ${reason}`);
}
