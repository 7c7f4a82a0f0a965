import { auditDataset, type DatasetAudit } from '../poisoning/audit-dataset.ts';
import type { EvidenceFile } from '../poisoning/evidence-file.ts';
import { digestRows, type SampleSet } from '../poisoning/sample-set.ts';
import { type Attack, poisonSet } from './attacks.ts';
import type { BenchCase } from './cases.ts';
import { type Measurement, measureScores, poolMeasurements } from './measure.ts';

export type BenchInput = {
  readonly clean: SampleSet;
  readonly cases: readonly BenchCase[];
  readonly seeds: readonly string[];
  readonly threads: number;
  /** Evidence about one poisoned set, where a network was run on it. */
  readonly findEvidence: (
    caseName: string,
    seed: string,
    set: SampleSet,
  ) => Promise<EvidenceFile | undefined>;
  /** 1 where a row's label is known to be right: false alarms, and flipped labels, are then counted among these alone. */
  readonly verified?: Uint8Array;
  readonly onProgress: (done: number, of: number, caseName: string) => void;
  /** Everything measured so far, after each case: a long run that is cut keeps what it had. */
  readonly onCase: (result: BenchResult) => Promise<void>;
};

export type BenchRow = {
  readonly case: string;
  readonly detector: string;
  readonly seeds: number;
  readonly evidence: string;
  readonly calledPoisoned: number;
} & ReturnType<typeof poolMeasurements>;

export type BenchResult = {
  /** Of the clean rows. */
  readonly rowsSha256: string;
  readonly rows: readonly BenchRow[];
  /** First seed's curves, by case and detector. */
  readonly curves: Readonly<
    Record<string, readonly { readonly name: string; readonly roc: Measurement['roc'] }[]>
  >;
};

/**
 * Makes each poisoned set, audits it as `dataset` would, and measures every detector and their fusion on it. Where an
 * attack has a target, the detectors that work class by class look at that class only: what they say about the others
 * is what they say of a clean set.
 */
export async function runPoisonBench(input: BenchInput): Promise<BenchResult> {
  const rows: BenchRow[] = [];
  const curves: Record<string, { name: string; roc: Measurement['roc'] }[]> = {};
  const result = { rowsSha256: digestRows(input.clean), rows, curves };
  let done = 0;
  for (const benchCase of input.cases) {
    const runs: { audit: DatasetAudit; measured: Record<string, Measurement>; kind: string }[] = [];
    for (const seed of input.seeds) {
      const { set, isPoisoned } = poisonSet(input.clean, benchCase.attack, seed);
      const evidence = await input.findEvidence(benchCase.name, seed, set);
      const audit = await auditDataset({
        set,
        threads: input.threads,
        ...('target' in benchCase.attack ? { classes: [benchCase.attack.target] } : {}),
        ...(evidence === undefined ? {} : { evidence }),
      });
      const scores: Record<string, Float64Array> = { suspicion: audit.suspicion, ...audit.network?.scores };
      for (const [name, column] of Object.entries(audit.structure.columns)) scores[name] = column.scores;
      const isCounted = countedRows(benchCase.attack, isPoisoned, input.verified);
      const entries = Object.entries(scores).map(([name, column]) => [
        name,
        measureScores(column, isPoisoned, isCounted),
      ]);
      runs.push({ audit, measured: Object.fromEntries(entries), kind: evidence?.kind ?? 'none' });
      done += 1;
      input.onProgress(done, input.cases.length * input.seeds.length, benchCase.name);
    }
    for (const detector of Object.keys(runs[0]!.measured)) {
      rows.push({
        case: benchCase.name,
        detector,
        seeds: runs.length,
        evidence: [...new Set(runs.map(({ kind }) => kind))].join(', '),
        calledPoisoned: runs.filter(({ audit }) => audit.conclusion === 'poisoned').length,
        ...poolMeasurements(runs.map(({ measured }) => measured[detector]!)),
      });
    }
    curves[benchCase.name] = Object.entries(runs[0]!.measured).map(([name, { roc }]) => ({ name, roc }));
    await input.onCase(result);
  }
  return result;
}

/** A flipped label that nobody vouched for before may be the right one now; a trigger is poison on any picture. */
function countedRows(
  attack: Attack,
  isPoisoned: Uint8Array,
  verified: Uint8Array | undefined,
): Uint8Array | undefined {
  const isFlip = attack.kind === 'random-flip' || attack.kind === 'targeted-flip';
  return isFlip ? verified : verified?.map((mark, row) => mark | isPoisoned[row]!);
}
