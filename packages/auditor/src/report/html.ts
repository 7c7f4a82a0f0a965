import type { Finding } from '@testigo/trail';
import { drawProofPath, drawTimeline, tabulateFindings } from './html-pictures.ts';
import { STYLE } from './html-style.ts';
import { escapeXml } from './junit.ts';
import type { AuditReport } from './report.ts';
import { titleOf } from './text.ts';

/** A self-contained page that prints to A4: verdict first, pictures, every finding, and what was not checked. */
export function formatHtml(report: AuditReport): string {
  const title = `${report.outcome.toUpperCase()}: ${report.command} of ${report.subject}`;
  const isProven = report.findings.some((finding) => finding.code === 'inclusion-proven');
  const sections = [
    `<h1>Audit report</h1><p class="sub">${escapeXml(report.command)} · ${escapeXml(report.subject)}</p>`,
    `<div class="verdict ${report.outcome}"><b>${report.outcome.toUpperCase()}</b>${escapeXml(report.conclusion)}</div>`,
    report.notChecked.length === 0
      ? ''
      : `<h2>Not checked</h2><ul>${report.notChecked.map((line) => `<li>${escapeXml(line)}</li>`).join('')}</ul>`,
    `<h2>Where the findings lie</h2>${tabulateFindings(report.findings)}`,
    report.timeline?.length ? `<h2>Timeline (UTC)</h2>${drawTimeline(report.timeline)}` : '',
    report.proofPath?.length ? `<h2>Proof path</h2>${drawProofPath(report.proofPath, isProven)}` : '',
    report.counts ? `<h2>Counts</h2>${tabulateCounts(report.counts)}` : '',
    `<h2>Findings</h2>${report.findings.map(formatFinding).join('')}`,
    `<footer>${escapeXml(report.tool.name)} ${escapeXml(report.tool.version)}, ${escapeXml(report.auditedAt)}, exit code ${report.exitCode}. Nothing that is missing or unreachable counts as verified.</footer>`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeXml(title)}</title><style>${STYLE}</style></head><body>
${sections.filter((section) => section !== '').join('\n')}
</body></html>
`;
}

function tabulateCounts(counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts).map(
    ([name, n]) => `<tr><td>${escapeXml(name)}</td><td>${n.toLocaleString('en')}</td></tr>`,
  );
  return `<table class="counts"><tbody>${rows.join('')}</tbody></table>`;
}

function formatFinding(finding: Finding): string {
  const row = (name: string, value: string | undefined) =>
    value === undefined ? '' : `<dt>${name}</dt><dd>${escapeXml(value)}</dd>`;
  const isBad = finding.outcome !== 'verified';
  return `<div class="finding ${finding.outcome}"><h3><span class="tag">${finding.outcome}</span> · ${escapeXml(titleOf(finding))}</h3>
<p>${escapeXml(finding.meaning ?? '')}</p><dl>${row('expected', finding.expected)}${row('seen', finding.seen)}${row('source', finding.source)}${row('code', finding.code)}${isBad ? row('next', finding.next) : ''}</dl></div>`;
}
