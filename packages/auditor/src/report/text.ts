import { styleText } from 'node:util';
import type { Finding, Outcome } from '@testigo/trail';
import { FINDINGS, isFindingCode } from '../findings/table.ts';
import type { AuditReport } from './report.ts';

const MARKS = {
  verified: ['✔', 'green'],
  failed: ['✘', 'red'],
  inconclusive: ['?', 'yellow'],
} as const satisfies Record<Outcome, readonly [string, string]>;

export function titleOf(finding: Finding): string {
  return isFindingCode(finding.code) ? FINDINGS[finding.code].title : (finding.meaning ?? finding.code);
}

function formatFinding(finding: Finding, paint: Painter): string {
  const [mark, colour] = MARKS[finding.outcome];
  const lines = [
    `${paint(colour, mark)} ${finding.check.padEnd(12)}${titleOf(finding)}  ${paint('dim', finding.code)}`,
  ];
  const detail = (name: string, value: string | undefined) => {
    if (value !== undefined) lines.push(`    ${paint('dim', name.padEnd(10))}${value}`);
  };
  detail('expected', finding.expected);
  detail('seen', finding.seen);
  detail('source', finding.source);
  if (finding.outcome !== 'verified') {
    detail('meaning', finding.meaning);
    detail('next', finding.next);
  }
  return lines.join('\n');
}

type Style = 'dim' | 'bold' | 'green' | 'red' | 'yellow';
type Painter = (style: Style | Style[], text: string) => string;

/** The result for a person at a terminal; ends on the one line that says it all. */
export function formatText(report: AuditReport, options: { colour: boolean }): string {
  const paint: Painter = (style, text) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text;
  const [mark, colour] = MARKS[report.outcome];
  const blocks = [
    `${report.command}: ${report.subject}`,
    report.findings.map((finding) => formatFinding(finding, paint)).join('\n'),
    report.counts &&
      Object.entries(report.counts)
        .map(([name, n]) => `  ${name}: ${n.toLocaleString('en')}`)
        .join('\n'),
    report.notChecked.length > 0 &&
      `Not checked:\n${report.notChecked.map((line) => `  - ${line}`).join('\n')}`,
    `${paint(['bold', colour], `${mark} ${report.outcome.toUpperCase()}`)}  ${report.conclusion}`,
  ];
  return `${blocks.filter((block) => typeof block === 'string' && block !== '').join('\n\n')}\n`;
}
