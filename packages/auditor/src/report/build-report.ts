import { concludeVerdict, exitCodeOf, type Finding, type Outcome } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import { cleanText } from './clean-text.ts';
import { type AuditReport, REPORT_VERSION } from './report.ts';
import { titleOf } from './text.ts';

export interface ReportInput {
  readonly command: string;
  readonly subject: string;
  readonly findings: readonly Finding[];
  readonly notChecked: readonly string[];
  readonly auditedAt: Date;
  readonly toolVersion: string;
  /** What "verified" means for this audit, in one sentence. */
  readonly verifiedMeans: string;
  readonly extras?: Pick<AuditReport, 'counts' | 'timeline' | 'proofPath'>;
}

/** Findings to verdict to report. The verdict decides everything else; an audit that checked nothing says so. */
export function buildReport(input: ReportInput): AuditReport {
  const findings =
    input.findings.length > 0
      ? input.findings.map(cleanFinding)
      : [makeFinding('checks-none', { source: `testigo-audit ${input.command}` })];
  const { outcome } = concludeVerdict(findings);
  return {
    reportVersion: REPORT_VERSION,
    tool: { name: 'testigo-audit', version: input.toolVersion },
    command: input.command,
    subject: cleanText(input.subject),
    auditedAt: input.auditedAt.toISOString(),
    outcome,
    exitCode: exitCodeOf(outcome),
    conclusion: concludeInWords(outcome, findings, input.verifiedMeans),
    findings: [...findings],
    notChecked: input.notChecked.map(cleanText),
    ...input.extras,
  };
}

function concludeInWords(outcome: Outcome, findings: readonly Finding[], verifiedMeans: string): string {
  if (outcome === 'verified') return verifiedMeans;
  const decisive = findings.filter((finding) => finding.outcome === outcome);
  const first = decisive[0];
  const others = decisive.length - 1;
  const more = others > 0 ? ` (and ${others} more ${others === 1 ? 'finding' : 'findings'})` : '';
  return first === undefined
    ? 'Nothing was shown.'
    : `${titleOf(first)}${more}. ${first.meaning ?? ''}`.trim();
}

function cleanFinding(finding: Finding): Finding {
  const { expected, seen, source } = finding;
  return {
    ...finding,
    ...(expected !== undefined && { expected: cleanText(expected) }),
    ...(seen !== undefined && { seen: cleanText(seen) }),
    source: cleanText(source),
  };
}
