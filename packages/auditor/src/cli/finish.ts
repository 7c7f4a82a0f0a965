import { buildReport, type ReportInput } from '../report/build-report.ts';
import { formatReport } from '../report/format.ts';
import { hasColour, type Io, writeResult } from './io.ts';
import type { OutputOptions } from './options.ts';
import { TOOL_VERSION } from './version.ts';

/** The end of every audit: report, result, exit code. */
export async function finishAudit(
  io: Io,
  options: OutputOptions,
  input: Omit<ReportInput, 'auditedAt' | 'toolVersion'>,
): Promise<number> {
  const report = buildReport({ ...input, auditedAt: io.now(), toolVersion: TOOL_VERSION });
  const colour = options.output === undefined && hasColour(io);
  await writeResult(io, formatReport(report, options.format, { colour }), options.output);
  return report.exitCode;
}
