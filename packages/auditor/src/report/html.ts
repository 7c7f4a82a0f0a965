import type { Finding } from '@testigo/trail';
import { COLOURS, drawProofPath, drawTimeline, tabulateFindings } from './html-pictures.ts';
import { escapeXml } from './junit.ts';
import type { AuditReport } from './report.ts';
import { titleOf } from './text.ts';

// No script, no font, no picture from elsewhere: what an auditor files must still open in ten years, and must not
// tell anybody that it was opened.
const STYLE = `
@page { size: A4; margin: 16mm 15mm 18mm; }
:root { color-scheme: light; }
body { font: 10.5pt/1.45 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: #16202c; background: #fff; max-width: 180mm; margin: 0 auto; padding: 8mm 4mm; overflow-wrap: anywhere; }
@media print { body { padding: 0; max-width: none; } }
h1 { font-size: 17pt; margin: 0 0 1mm; } h2 { font-size: 12.5pt; margin: 8mm 0 2.5mm; break-after: avoid; }
.sub { color: #556070; margin: 0 0 5mm; }
.verdict { border: 0; border-left: 5px solid var(--c); background: color-mix(in srgb, var(--c) 8%, white); padding: 4mm 5mm; break-inside: avoid; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.verdict b { color: var(--c); font-size: 13pt; letter-spacing: .03em; display: block; margin-bottom: 1mm; }
.mono, code, dd { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: 8.5pt; }
svg { width: 100%; height: auto; display: block; break-inside: avoid; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
svg text { font: 11px system-ui, Arial, sans-serif; fill: #16202c; } svg .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 10px; } svg .note { fill: #556070; }
.finding { border-top: 1px solid #d5dae1; padding: 2.5mm 0; break-inside: avoid; }
/* the footer never stands alone on a page */
.finding:last-of-type { break-after: avoid; }
.finding h3 { font-size: 10.5pt; margin: 0 0 .5mm; } .finding p { margin: .5mm 0 1mm; color: #36414f; }
.tag { color: var(--c); font-weight: 600; }
dl { display: grid; grid-template-columns: 19mm 1fr; gap: .4mm 2mm; margin: 0; } dt { color: #556070; font-size: 8.5pt; } dd { margin: 0; }
table { border-collapse: collapse; } td, th { padding: .8mm 3mm; text-align: right; font-variant-numeric: tabular-nums; } th { font-weight: 500; color: #36414f; }
tbody th, .counts td:first-child { text-align: left; } tbody tr { border-top: 1px solid #e4e8ed; } .zero { color: #b9c0cb; }
footer { break-before: avoid; margin-top: 9mm; color: #556070; font-size: 8.5pt; border-top: 1px solid #d5dae1; padding-top: 2mm; }`;

/** A self-contained page that prints to A4: verdict first, pictures, every finding, and what was not checked. */
export function formatHtml(report: AuditReport): string {
  const title = `${report.outcome.toUpperCase()}: ${report.command} of ${report.subject}`;
  const isProven = report.findings.some((finding) => finding.code === 'inclusion-proven');
  const sections = [
    `<h1>Audit report</h1><p class="sub">${escapeXml(report.command)} · ${escapeXml(report.subject)}</p>`,
    `<div class="verdict" style="--c:${COLOURS[report.outcome]}"><b>${report.outcome.toUpperCase()}</b>${escapeXml(report.conclusion)}</div>`,
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
  return `<div class="finding" style="--c:${COLOURS[finding.outcome]}"><h3><span class="tag">${finding.outcome}</span> · ${escapeXml(titleOf(finding))}</h3>
<p>${escapeXml(finding.meaning ?? '')}</p><dl>${row('expected', finding.expected)}${row('seen', finding.seen)}${row('source', finding.source)}${row('code', finding.code)}${isBad ? row('next', finding.next) : ''}</dl></div>`;
}
