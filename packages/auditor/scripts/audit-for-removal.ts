// Which rows the documented audit flags in each poisoned set of the retraining experiment:
//   testigo-audit poison-bench --samples TRAIN.csv --cases badnets-1,… --export SETS
//   testigo-model evidence --data SETS/CASE-1.csv --out SETS/CASE-1.ev        (for each case)
//   node scripts/audit-for-removal.ts TRAIN.csv SETS OUT 1 [CASE …]
// Writes OUT/CASE-SEED.json for poison-arrays.ts. The rule is the verdict's: every row that carries a flag goes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { poisonSet } from '../src/bench/attacks.ts';
import { findCase, REMOVAL_CASES } from '../src/bench/cases.ts';
import { auditDataset } from '../src/poisoning/audit-dataset.ts';
import { readEvidenceFile } from '../src/poisoning/evidence-file.ts';
import { readSamplesCsv } from '../src/poisoning/samples-csv.ts';

const [samples, sets, out, seed, ...names] = process.argv.slice(2) as [string, string, string, string];
const clean = await readSamplesCsv(samples);
mkdirSync(out, { recursive: true });
for (const { name, attack } of names.length === 0 ? REMOVAL_CASES : names.map(findCase)) {
  const { set, isPoisoned } = poisonSet(clean, attack, seed);
  const evidence = await readEvidenceFile(`${sets}/${name}-${seed}.ev`);
  const audit = await auditDataset({ set, evidence, threads: availableParallelism() });
  if (evidence.rowsSha256 !== audit.rowsSha256)
    throw new Error(`the evidence of ${name} is about other rows`);
  const flagged = [...new Set(audit.flags.map(({ row }) => row))].sort((a, b) => a - b);
  const changed = [...isPoisoned.keys()].filter((row) => isPoisoned[row]);
  const found = flagged.filter((row) => isPoisoned[row]).length;
  const byDetector: Record<string, { rows: number; poisoned: number }> = {};
  for (const { detector, row } of audit.flags) {
    const { rows, poisoned } = byDetector[detector] ?? { rows: 0, poisoned: 0 };
    byDetector[detector] = { rows: rows + 1, poisoned: poisoned + isPoisoned[row]! };
  }
  const { conclusion, reasons, rowsSha256 } = audit;
  const target = 'target' in attack ? attack.target : -1;
  const statement = {
    case: name,
    seed,
    attack,
    target,
    rowsSha256,
    conclusion,
    reasons,
    evidence: evidence.kind,
  };
  const counts = { poisoned: changed.length, flagged: flagged.length, poisonedFlagged: found, byDetector };
  writeFileSync(
    `${out}/${name}-${seed}.json`,
    JSON.stringify({
      ...statement,
      counts,
      changed: changed.map((row) => ({ row, label: set.labels[row] })),
      flagged,
    }),
  );
  process.stdout.write(`${name}: ${conclusion}, ${JSON.stringify(counts)}\n`);
}
