import { AuditError } from '../errors.ts';
import type { SampleChange } from '../verify/verify-dataset.ts';
import { describeCsvProblem } from './csv-records.ts';
import type { SampleHeader } from './fer-csv-samples.ts';
import { openSamples } from './read-samples.ts';

/** Walks two files of samples side by side and names every label and image that differs. */
export async function compareSamples(
  approvedPath: string,
  path: string,
  header: SampleHeader | undefined,
): Promise<SampleChange[]> {
  const changes: SampleChange[] = [];
  const approved = openSamples(approvedPath, header);
  try {
    for await (const sample of openSamples(path, header)) {
      const { value: before, done } = await approved.next();
      if (done === true) break;
      if (sample instanceof Error || before instanceof Error) continue;
      const { index } = before;
      if (sample.label !== before.label)
        changes.push({ index, field: 'label', approved: before.label, seen: sample.label });
      if (sample.pixelsSha256 === before.pixelsSha256) continue;
      changes.push({ index, field: 'content', approved: before.pixelsSha256, seen: sample.pixelsSha256 });
    }
  } catch (cause) {
    throw new AuditError(
      'file-unreadable',
      `cannot compare ${path} with ${approvedPath}: ${describeCsvProblem(cause)}`,
      { cause },
    );
  } finally {
    await approved.return(undefined);
  }
  return changes;
}
