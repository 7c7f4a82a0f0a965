// Arrays to train a network before and after the rows that an audit flags are removed, to see what is left of an attack:
//   node scripts/poison-arrays.ts DATA_DIR OUT_DIR AUDIT.json RULE
// DATA_DIR holds {train,publictest}.{images,labels}.u8, raw; AUDIT.json and its rules come from
// audit-for-removal.ts. Writes
//   OUT_DIR/before, OUT_DIR/after   the poisoned training arrays, and the same without the flagged rows
//   OUT_DIR/triggered               the trigger in every PublicTest picture whose label is not the target
// Needs no package: it runs on a bare machine with Node 24.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { poisonSet } from '../src/bench/attacks.ts';
import { findCase } from '../src/bench/cases.ts';
import { digestRows, imageOf, PIXELS, type SampleSet } from '../src/poisoning/sample-set.ts';

const [dataDir, outDir, auditPath, rule] = process.argv.slice(2) as [string, string, string, string];
const audit = JSON.parse(readFileSync(auditPath, 'utf8')) as {
  case: string;
  seed: string;
  target: number;
  rowsSha256: string;
  rules: Record<string, number[]>;
};

const train = load('train');
const test = load('publictest');
const { set, trigger } = poisonSet(train, findCase(audit.case).attack, audit.seed);
if (digestRows(set) !== audit.rowsSha256) throw new Error(`${auditPath} is about other rows than DATA_DIR's`);
const gone = audit.rules[rule];
if (gone === undefined) throw new Error(`${auditPath} has no rule ${rule}`);
const flagged = new Set(gone);
save('before', 'train', set, () => true);
save('after', 'train', set, (row) => !flagged.has(row));
for (const folder of ['before', 'after']) save(folder, 'publictest', test, () => true);
for (let row = 0; row < test.size; row++) trigger(imageOf(test, row));
save('triggered', 'publictest', test, (row) => test.labels[row] !== audit.target);

function load(split: string): SampleSet {
  const pixels = new Uint8Array(readFileSync(`${dataDir}/${split}.images.u8`));
  const labels = new Uint8Array(readFileSync(`${dataDir}/${split}.labels.u8`));
  return { size: labels.length, pixels, labels, splits: new Uint8Array(labels.length), splitNames: [split] };
}

function save(folder: string, split: string, from: SampleSet, isKept: (row: number) => boolean): void {
  const rows = Array.from({ length: from.size }, (_, row) => row).filter(isKept);
  const pixels = new Uint8Array(rows.length * PIXELS);
  rows.forEach((row, k) => {
    pixels.set(imageOf(from, row), k * PIXELS);
  });
  mkdirSync(`${outDir}/${folder}`, { recursive: true });
  writeFileSync(`${outDir}/${folder}/${split}.images.u8`, pixels);
  writeFileSync(
    `${outDir}/${folder}/${split}.labels.u8`,
    Uint8Array.from(rows, (row) => from.labels[row]!),
  );
}
