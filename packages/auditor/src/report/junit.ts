import type { Finding } from '@testigo/trail';
import type { AuditReport } from './report.ts';
import { titleOf } from './text.ts';

/**
 * JUnit XML for build servers. Inconclusive is an error and never "skipped", which every build server shows as green.
 */
export function formatJunit(report: AuditReport): string {
  const count = (outcome: string) => report.findings.filter((finding) => finding.outcome === outcome).length;
  const totals = `tests="${report.findings.length}" failures="${count('failed')}" errors="${count('inconclusive')}" skipped="0"`;
  const name = escapeXml(`${report.tool.name} ${report.command}`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${name}" ${totals}>`,
    `  <testsuite name="${escapeXml(report.subject)}" timestamp="${report.auditedAt.slice(0, 19)}" time="0" ${totals}>`,
    `    <properties><property name="outcome" value="${report.outcome}"/></properties>`,
    ...report.findings.map(formatCase),
    `    <system-out>${escapeXml(report.conclusion)}</system-out>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function formatCase(finding: Finding): string {
  const head = `    <testcase classname="${escapeXml(finding.check)}" name="${escapeXml(finding.code)}" time="0"`;
  if (finding.outcome === 'verified') return `${head}/>`;
  const element = finding.outcome === 'failed' ? 'failure' : 'error';
  const details = [
    finding.expected === undefined ? undefined : `expected: ${finding.expected}`,
    finding.seen === undefined ? undefined : `seen: ${finding.seen}`,
    `source: ${finding.source}`,
    finding.meaning,
    finding.next,
  ].filter((line) => line !== undefined);
  const body = escapeXml(details.join('\n'));
  return `${head}><${element} type="${escapeXml(finding.code)}" message="${escapeXml(titleOf(finding))}">${body}</${element}></testcase>`;
}

/** Evidence is hostile text: XML 1.0 also forbids most control characters, escaped or not. */
export function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the ones XML 1.0, production [2], leaves out
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
  );
}
