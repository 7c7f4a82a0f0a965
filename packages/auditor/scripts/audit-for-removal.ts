// Which rows the documented audit would take out of each poisoned set of the retraining experiment:
//   testigo-audit poison-bench --samples TRAIN.csv --cases badnets-1,… --export SETS
//   testigo-model evidence --data SETS/CASE-1.csv --out SETS/CASE-1.ev        (for each case)
//   node scripts/audit-for-removal.ts TRAIN.csv SETS OUT 1 [CASE …]
// Writes OUT/CASE-SEED.json for poison-arrays.ts, with the rows that go by each of three rules, all read off the verdict:
//   all         every row with any flag
//   accused     rows with a structural flag, and every flagged row of a class that a structural test accuses
//   structural  rows with a structural flag
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { poisonSet } from '../src/bench/attacks.ts';
import { findCase, REMOVAL_CASES } from '../src/bench/cases.ts';
import { auditDataset, type DatasetAudit, type Flag, POISON_FLAGS } from '../src/poisoning/audit-dataset.ts';
import { readEvidenceFile } from '../src/poisoning/evidence-file.ts';
import { readSamplesCsv } from '../src/poisoning/samples-csv.ts';
import { STRUCTURE_P } from '../src/poisoning/structure.ts';

const [samples, sets, out, seed, ...names] = process.argv.slice(2) as [string, string, string, string];
const clean = await readSamplesCsv(samples);
mkdirSync(out, { recursive: true });
for (const { name, attack } of names.length === 0 ? REMOVAL_CASES : names.map(findCase)) {
  const { set, isPoisoned } = poisonSet(clean, attack, seed);
  const evidence = await readEvidenceFile(`${sets}/${name}-${seed}.ev`);
  const audit = await auditDataset({ set, evidence, threads: availableParallelism() });
  const { conclusion, reasons, rowsSha256 } = audit;
  if (evidence.rowsSha256 !== rowsSha256) throw new Error(`the evidence of ${name} is about other rows`);
  const rules = rowsByRule(audit, set.labels);
  const count = (rows: readonly number[]) => ({
    rows: rows.length,
    poisoned: rows.filter((row) => isPoisoned[row]).length,
  });
  const detectors = [...new Set(audit.flags.map(({ detector }) => detector))];
  const byDetector = detectors.map((detector) => [
    detector,
    count(rowsOf(audit.flags.filter((flag) => flag.detector === detector))),
  ]);
  const byRule = Object.entries(rules).map(([rule, rows]) => [rule, count(rows)]);
  const counts = {
    poisoned: count([...isPoisoned.keys()]).poisoned,
    byRule: Object.fromEntries(byRule),
    byDetector: Object.fromEntries(byDetector),
  };
  const changed = [...isPoisoned.keys()]
    .filter((row) => isPoisoned[row])
    .map((row) => ({ row, label: set.labels[row] }));
  const target = 'target' in attack ? attack.target : -1;
  const origin = { case: name, seed, attack, target, rowsSha256, evidence: evidence.kind };
  const statement = { ...origin, conclusion, reasons, counts, changed, rules };
  writeFileSync(`${out}/${name}-${seed}.json`, JSON.stringify(statement));
  process.stdout.write(`${name}: ${conclusion}, ${JSON.stringify(counts)}\n`);
}

function rowsByRule(audit: DatasetAudit, labels: Uint8Array): Record<string, number[]> {
  const tests = audit.structure.tests.filter(({ p }) => p < STRUCTURE_P);
  const accused = new Set(tests.map(({ label }) => label));
  const isStructural = ({ detector }: Flag) => POISON_FLAGS.has(detector);
  return {
    all: rowsOf(audit.flags),
    accused: rowsOf(audit.flags.filter((flag) => isStructural(flag) || accused.has(labels[flag.row]!))),
    structural: rowsOf(audit.flags.filter(isStructural)),
  };
}

function rowsOf(flags: readonly Flag[]): number[] {
  return [...new Set(flags.map(({ row }) => row))].sort((a, b) => a - b);
}
