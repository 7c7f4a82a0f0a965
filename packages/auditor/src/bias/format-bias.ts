import { CLASS_NAMES } from '../poisoning/sample-set.ts';
import type { BiasReport } from './bias-report.ts';
import type { Estimate, GapResult } from './judge-gap.ts';
import type { SelectionReport } from './selection-report.ts';

export function formatBias(report: BiasReport): string {
  const groups = Object.entries(report.groups).map(
    ([name, group]) =>
      `  ${name.padEnd(26)} n ${String(group.size).padEnd(7)} accuracy ${show(group.accuracyInterval)}  macro-F1 ${group.macroF1.toFixed(3)}`,
  );
  return [
    `Bias: ${report.judgement}`,
    'Groups:',
    ...groups,
    ...report.tooSmall.map((name) => `  ${name.padEnd(26)} insufficient data: fewer than 100 samples`),
    'Gaps:',
    ...report.gaps.map(formatGap),
    'Accuracy, pair by pair (Holm):',
    ...report.pairs.map(
      ({ groups: [a, b], difference, adjustedP }) =>
        `  ${a} - ${b}: ${show(difference)}, p = ${adjustedP.toFixed(4)}`,
    ),
    '',
  ].join('\n');
}

export function formatSelection(report: SelectionReport): string {
  const groups = Object.entries(report.groups).flatMap(([name, { size, selectionRates }]) => [
    `  ${name}, n ${size}`,
    ...selectionRates.map((rate, c) => `    ${CLASS_NAMES[c]!.padEnd(9)} ${show(rate)}`),
  ]);
  return [
    `Selection without true labels: ${report.judgement}`,
    'A difference may lie in the faces as well as in the model.',
    'Share of each group read as each class:',
    ...groups,
    ...report.tooSmall.map((name) => `  ${name.padEnd(26)} insufficient data: fewer than 100 samples`),
    'Gaps:',
    ...report.gaps.map(formatGap),
    'Shift (total variation), pair by pair (Holm):',
    ...report.pairs.map(
      ({ groups: [a, b], shift, adjustedP }) => `  ${a} - ${b}: ${show(shift)}, p = ${adjustedP.toFixed(4)}`,
    ),
    '',
  ].join('\n');
}

function formatGap(gap: GapResult): string {
  return `  ${gap.metric.padEnd(26)} ${show(gap)}  threshold ${gap.threshold}  ${gap.judgement}`;
}

function show({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
