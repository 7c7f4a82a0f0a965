// How well the label columns of an audit rank real label errors, judged by crowd votes:
//   node scripts/label-errors.ts SAMPLES.csv EVIDENCE VOTES.u8 [SPLIT]
// VOTES.u8 holds, for each row of SPLIT (PublicTest where not given) in order, ten bytes as FER+ publishes them: votes for
// angry, disgust, fear, happy, sad, surprise, neutral, contempt, unknown, no face. An error is a row where 8 or more of 10
// votes name another of the seven classes. Three sets of negatives, from the surest to the whole rest:
//   confirmed  8 or more votes name the label ("clean verified data")
//   most       the label has the most votes, ties included
//   rest       every row that is no error
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { measureScores } from '../src/bench/measure.ts';
import { readEvidenceFile } from '../src/poisoning/evidence-file.ts';
import { analyseNetwork } from '../src/poisoning/network-columns.ts';
import { TaskPool } from '../src/poisoning/parallel/pool.ts';
import { CLASSES, digestRows } from '../src/poisoning/sample-set.ts';
import { readSamplesCsv } from '../src/poisoning/samples-csv.ts';

const COLUMNS = 10;
const SURE = 8;
const [samplesPath, evidencePath, votesPath, split = 'PublicTest'] = process.argv.slice(2) as [
  string,
  string,
  string,
  string?,
];
const set = await readSamplesCsv(samplesPath);
const evidence = await readEvidenceFile(evidencePath);
if (evidence.rowsSha256 !== digestRows(set)) throw new Error('the evidence is about other rows');
const votes = readFileSync(votesPath);
const rows = Array.from({ length: set.size }, (_, row) => row).filter(
  (row) => set.splitNames[set.splits[row]!] === split,
);
if (votes.length !== rows.length * COLUMNS) throw new Error(`${votesPath} does not fit ${rows.length} rows`);

const votesOf = (k: number) => votes.subarray(k * COLUMNS, (k + 1) * COLUMNS);
const isError = new Uint8Array(set.size);
const negatives = {
  confirmed: new Uint8Array(set.size),
  most: new Uint8Array(set.size),
  rest: new Uint8Array(set.size),
};
rows.forEach((row, k) => {
  const label = set.labels[row]!;
  const own = votesOf(k)[label]!;
  isError[row] = votesOf(k)
    .subarray(0, CLASSES)
    .some((n, c) => c !== label && n >= SURE)
    ? 1
    : 0;
  negatives.confirmed[row] = own >= SURE ? 1 : 0;
  negatives.most[row] = own === Math.max(...votesOf(k)) ? 1 : 0;
  negatives.rest[row] = 1 - isError[row]!;
});

const pool = new TaskPool(set, availableParallelism());
const group = Uint32Array.from({ length: set.size }, (_, row) => row);
const { scores } = await analyseNetwork(set, evidence, group, pool);
await pool.close();
const count = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0);
const results = Object.entries(negatives).flatMap(([name, marks]) =>
  Object.entries(scores).map(([column, values]) => {
    const isCounted = marks.map((mark, row) => mark | isError[row]!);
    const { roc: _, ...measured } = measureScores(values, isError, isCounted);
    return { negatives: name, rows: count(marks), column, ...measured };
  }),
);
const { kind, sha256, modelVersion, network } = evidence;
process.stdout.write(
  `${JSON.stringify(
    {
      type: 'testigo-label-errors',
      version: 1,
      rowsSha256: evidence.rowsSha256,
      evidence: { kind, sha256, modelVersion, network },
      errors: count(isError),
      results,
    },
    null,
    1,
  )}\n`,
);
