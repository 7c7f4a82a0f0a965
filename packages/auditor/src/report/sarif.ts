import type { Finding, Outcome } from '@testigo/trail';
import type { Log, ReportingDescriptor, Result } from 'sarif';
import { FINDINGS, isFindingCode } from '../findings/table.ts';
import type { AuditReport } from './report.ts';
import { titleOf } from './text.ts';

// SARIF 2.1.0, section 3.27.9: "open" is the kind for "insufficient information to decide"; never "pass", and never
// "notApplicable", which viewers hide. Section 3.27.10: a kind other than "fail" has level "none".
const KINDS = { verified: 'pass', failed: 'fail', inconclusive: 'open' } as const satisfies Record<
  Outcome,
  Result.kind
>;

/** SARIF 2.1.0 (OASIS), for code hosts and dashboards. */
export function formatSarif(report: AuditReport): string {
  const codes = [...new Set(report.findings.map((finding) => finding.code))];
  const sarif: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: report.tool.name,
            semanticVersion: report.tool.version,
            rules: codes.map(describeRule),
          },
        },
        automationDetails: { id: `${report.tool.name}/${report.command}/` },
        invocations: [
          {
            // The audit ran to its end; what it found is in the results.
            executionSuccessful: true,
            exitCode: report.exitCode,
            endTimeUtc: report.auditedAt,
          },
        ],
        properties: { outcome: report.outcome, conclusion: report.conclusion, notChecked: report.notChecked },
        results: report.findings.map((finding) =>
          describeResult(finding, codes.indexOf(finding.code), report.subject),
        ),
      },
    ],
  };
  return `${JSON.stringify(sarif, null, 2)}\n`;
}

function describeRule(code: string): ReportingDescriptor {
  if (!isFindingCode(code)) return { id: code };
  const { title, meaning, next } = FINDINGS[code];
  return {
    id: code,
    shortDescription: { text: title },
    fullDescription: { text: meaning },
    help: { text: next ?? meaning },
  };
}

function describeResult(finding: Finding, ruleIndex: number, subject: string): Result {
  const kind = KINDS[finding.outcome];
  const details = [
    finding.expected === undefined ? undefined : `Expected: ${finding.expected}.`,
    finding.seen === undefined ? undefined : `Seen: ${finding.seen}.`,
    `Source: ${finding.source}.`,
  ];
  return {
    ruleId: finding.code,
    ruleIndex,
    kind,
    level: kind === 'fail' ? 'error' : 'none',
    message: { text: [`${titleOf(finding)}.`, ...details.filter((line) => line !== undefined)].join(' ') },
    locations: [
      { logicalLocations: [{ name: finding.check, fullyQualifiedName: `${subject}: ${finding.source}` }] },
    ],
    partialFingerprints: { 'code/v1': `${finding.code} ${finding.source}` },
  };
}
