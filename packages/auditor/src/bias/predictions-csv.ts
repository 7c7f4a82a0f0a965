import { AuditError } from '../errors.ts';
import { describeCsvProblem, readCsvRecords } from '../files/csv-records.ts';
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
    const columns = (names: readonly string[]) => names.map((name) => name.trim());
    for await (const record of readCsvRecords<Record<string, string>>(path, { bom: true, columns })) {
      const line = judged.length + selected.length + 2;
      const group = record.group?.trim() ?? '';
      if (group === '') refuse(path, line, 'there is no group');
      const classAt = (text: string | undefined) => classOf(text, path, line);
      const predicted = classAt(record.predicted);
      if (record.truth === undefined) selected.push({ group, predicted });
      else judged.push({ group, truth: classAt(record.truth), predicted });
    }
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    throw new AuditError('file-unreadable', `cannot read ${path}: ${describeCsvProblem(cause)}`, { cause });
  }
  if (judged.length + selected.length === 0) refuse(path, 1, 'there is no row in it');
  return selected.length > 0 ? { kind: 'selected', rows: selected } : { kind: 'judged', rows: judged };
}

function classOf(text: string | undefined, path: string, line: number): number {
  const name = text?.trim() ?? '';
  const index = /^[0-6]$/.test(name) ? Number(name) : (CLASS_NAMES as readonly string[]).indexOf(name);
  if (index < 0) refuse(path, line, `${JSON.stringify(name)} is no class`);
  return index;
}

function refuse(path: string, line: number, reason: string): never {
  throw new AuditError('samples-invalid', `${path}, line ${line}: ${reason}`);
}
