// `testigo-audit poison-bench` without evidence on raw arrays, for a machine that has Node 24 and no packages:
//   node scripts/poison-seeds.ts DATA_DIR OUT_DIR SEEDS THREADS CASE [CASE …]
// DATA_DIR holds train.images.u8 and train.labels.u8, raw.
import { readFileSync } from 'node:fs';
import { findCase } from '../src/bench/cases.ts';
import { runPoisonBench } from '../src/bench/run-bench.ts';
import { formatBenchTable, writeBenchFolder } from '../src/bench/write-results.ts';
import type { SampleSet } from '../src/poisoning/sample-set.ts';

const [dataDir, outDir, seedCount, threadCount, ...names] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  ...string[],
];
const labels = new Uint8Array(readFileSync(`${dataDir}/train.labels.u8`));
const clean: SampleSet = {
  size: labels.length,
  pixels: new Uint8Array(readFileSync(`${dataDir}/train.images.u8`)),
  labels,
  splits: new Uint8Array(labels.length),
  splitNames: ['Training'],
};
const threads = Number(threadCount);
const result = await runPoisonBench({
  clean,
  cases: names.map(findCase),
  seeds: Array.from({ length: Number(seedCount) }, (_, k) => String(k + 1)),
  threads,
  findEvidence: () => Promise.resolve(undefined),
  onProgress: (done, of, name) => process.stderr.write(`${done} of ${of}: ${name}\n`),
  onCase: (soFar) => writeBenchFolder(outDir, soFar, { threads }),
});
process.stdout.write(formatBenchTable(result));
