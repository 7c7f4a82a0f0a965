import { exitCodeOf } from '@testigo/trail';
import { type Io, writeResult } from '../cli/io.ts';
import { AuditError } from '../errors.ts';
import { readEvidenceFile } from '../poisoning/evidence-file.ts';
import { CLASSES, digestRows } from '../poisoning/sample-set.ts';
import { readSamplesCsv } from '../poisoning/samples-csv.ts';
import { auditBias, type BiasReport, type Estimate } from './bias-report.ts';
import { readJudgedCsv } from './judged-csv.ts';
import type { Judged } from './metrics.ts';
import { type Slice, sliceSamples } from './slices.ts';

export type BiasCommandOptions = {
  readonly predictions?: string;
  readonly samples?: string;
  readonly evidence?: string;
  readonly slice: Slice;
  readonly maxGap: number;
  readonly minImpact: number;
  readonly format: 'text' | 'json';
  readonly output?: string;
};

const OUTCOMES = { fair: 'verified', unfair: 'failed', 'insufficient data': 'inconclusive' } as const;
/** Fixes the bootstrap, so that a rerun says the same. */
const SEED = '1';

export async function runBias(io: Io, options: BiasCommandOptions): Promise<number> {
  for (const share of [options.maxGap, options.minImpact]) {
    if (!(share > 0 && share < 1))
      throw new AuditError('usage', '--max-gap and --min-impact lie between 0 and 1');
  }
  const { maxGap, minImpact } = options;
  const report = auditBias(await readRows(options), { classes: CLASSES, maxGap, minImpact, seed: SEED });
  const outcome = OUTCOMES[report.judgement];
  const text =
    options.format === 'json'
      ? `${JSON.stringify({ type: 'testigo-bias-report', version: 1, outcome, ...report })}\n`
      : formatText(report);
  await writeResult(io, text, options.output);
  return exitCodeOf(outcome);
}

async function readRows(options: BiasCommandOptions): Promise<Judged[]> {
  if (options.predictions !== undefined) return readJudgedCsv(options.predictions);
  if (options.samples === undefined || options.evidence === undefined) {
    throw new AuditError('usage', 'bias needs --predictions FILE, or --samples FILE and --evidence FILE');
  }
  const set = await readSamplesCsv(options.samples);
  const evidence = await readEvidenceFile(options.evidence);
  if (evidence.rowsSha256 !== digestRows(set)) {
    throw new AuditError(
      'evidence-file-invalid',
      `${options.evidence} is about other rows than these samples`,
    );
  }
  return sliceSamples(set, evidence, options.slice);
}

function formatText(report: BiasReport): string {
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
    ...report.gaps.map(
      (gap) => `  ${gap.metric.padEnd(26)} ${show(gap)}  threshold ${gap.threshold}  ${gap.judgement}`,
    ),
    'Accuracy, pair by pair (Holm):',
    ...report.pairs.map(
      ({ groups: [a, b], difference, adjustedP }) =>
        `  ${a} - ${b}: ${show(difference)}, p = ${adjustedP.toFixed(4)}`,
    ),
    '',
  ].join('\n');
}

function show({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
