import type { Finding, Outcome } from '@testigo/trail';
import { escapeXml } from './junit.ts';
import type { ProofStep, TimelinePoint } from './report.ts';

const WIDTH = 680;

/** When each thing came to be: points on one line, labels on alternating heights so that they do not meet. */
export function drawTimeline(points: readonly TimelinePoint[]): string {
  const sorted = [...points].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const rows = sorted.map((point, i) => {
    const y = 18 + i * 26;
    const isLast = i === sorted.length - 1;
    return [
      isLast ? '' : `<line x1="168" y1="${y}" x2="168" y2="${y + 26}" class="time"/>`,
      `<circle cx="168" cy="${y}" r="5.5"/>`,
      `<text x="152" y="${y + 4}" text-anchor="end" class="mono">${escapeXml(formatMoment(point.at))}</text>`,
      `<text x="186" y="${y + 4}">${escapeXml(point.label)}</text>`,
    ].join('');
  });
  return `<svg viewBox="0 0 ${WIDTH} ${sorted.length * 26 + 10}" role="img" aria-label="Timeline">${rows.join('')}</svg>`;
}

const formatMoment = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)}`;
const short = (hash: string): string => `${hash.slice(0, 8)}…${hash.slice(-8)}`;
const ROW = 38;
const BOX = 172;

/** From the leaf at the bottom to the root at the top: at each level the hash so far meets its sibling. */
export function drawProofPath(steps: readonly ProofStep[], isProven: boolean): string {
  const height = (steps.length + 1) * ROW + 24;
  const yOf = (row: number) => height - 34 - row * ROW;
  const box = (x: number, row: number, text: string, fill: 'sibling' | 'path' | 'proven' | 'unproven') =>
    `<rect x="${x}" y="${yOf(row) - 12}" width="${BOX}" height="24" rx="4" class="fill-${fill}"/>` +
    `<text x="${x + BOX / 2}" y="${yOf(row) + 4}" text-anchor="middle" class="mono">${escapeXml(short(text))}</text>`;
  const parts = steps.map(({ side, start, sibling, level }, i) => {
    const x = side === 'left' ? 44 : 464;
    return [
      `<line x1="340" y1="${yOf(i) - 12}" x2="340" y2="${yOf(i + 1) + 12}" class="path"/>`,
      // up from the sibling and across to the path, in the gap between two rows
      `<path d="M${x + BOX / 2} ${yOf(i) - 12} V${yOf(i) - ROW / 2} H340"/>`,
      box(x, i, sibling, 'sibling'),
      box(254, i, start, 'path'),
      `<text x="8" y="${yOf(i) + 4}" class="note">${level}</text>`,
    ].join('');
  });
  const root = steps.at(-1)?.result ?? '';
  const top = box(254, steps.length, root, isProven ? 'proven' : 'unproven');
  const notes = `<text x="436" y="${yOf(steps.length) + 4}" class="note">${isProven ? 'the root of the checkpoint' : 'not the root of the checkpoint'}</text><text x="340" y="${yOf(0) + 27}" text-anchor="middle" class="note">hash of the record; beside the path, the hashes that the log gives</text>`;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Inclusion proof">${parts.join('')}${top}${notes}</svg>`;
}

/** Checks against outcomes: where the findings lie. */
export function tabulateFindings(findings: readonly Finding[]): string {
  const outcomes = ['verified', 'failed', 'inconclusive'] as const;
  const checks = [...new Set(findings.map((finding) => finding.check))];
  const cell = (check: string, outcome: Outcome) => {
    const n = findings.filter((finding) => finding.check === check && finding.outcome === outcome).length;
    return n === 0 ? '<td class="zero">·</td>' : `<td class="${outcome}"><b>${n}</b></td>`;
  };
  const head = outcomes.map((outcome) => `<th>${outcome}</th>`).join('');
  const rows = checks.map(
    (check) => `<tr><th>${escapeXml(check)}</th>${outcomes.map((o) => cell(check, o)).join('')}</tr>`,
  );
  return `<table class="matrix"><thead><tr><th></th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}
