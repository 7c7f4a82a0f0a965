import { exitCodeOf } from '@testigo/trail';
import { type Io, writeResult } from '../cli/io.ts';
import { AuditError } from '../errors.ts';
import { readEvidenceFile } from '../poisoning/evidence-file.ts';
import { CLASSES, digestRows } from '../poisoning/sample-set.ts';
import { readSamplesCsv } from '../poisoning/samples-csv.ts';
import { auditBias } from './bias-report.ts';
import { formatBias, formatSelection } from './format-bias.ts';
import { type Predictions, readPredictionsCsv } from './predictions-csv.ts';
import { auditSelection } from './selection-report.ts';
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
  const predictions = await readPredictions(options);
  const settings = { classes: CLASSES, minImpact, seed: SEED };
  const [type, report, text] =
    predictions.kind === 'judged'
      ? reportOf('testigo-bias-report', auditBias(predictions.rows, { ...settings, maxGap }), formatBias)
      : reportOf('testigo-selection-report', auditSelection(predictions.rows, settings), formatSelection);
  const outcome = OUTCOMES[report.judgement];
  const json = { type, version: 1, outcome, ...report };
  await writeResult(io, options.format === 'json' ? `${JSON.stringify(json)}\n` : text, options.output);
  return exitCodeOf(outcome);
}

function reportOf<R>(type: string, report: R, format: (report: R) => string): [string, R, string] {
  return [type, report, format(report)];
}

async function readPredictions(options: BiasCommandOptions): Promise<Predictions> {
  if (options.predictions !== undefined) return readPredictionsCsv(options.predictions);
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
  return { kind: 'judged', rows: sliceSamples(set, evidence, options.slice) };
}
