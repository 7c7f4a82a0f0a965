// How often the whole audit calls a clean set poisoned:
//   node scripts/clean-sets.ts SAMPLES.csv EVIDENCE VERIFIED.u8 SETS SIZE
// VERIFIED.u8 has one byte a row of SAMPLES.csv, 1 where the label is known to be right. Each set is SIZE of those rows,
// drawn without replacement (a bootstrap's copies would be the floods that detector A looks for); half of it, drawn at
// random, is the signed reserve. Evidence is that of the whole file, rows taken out.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fromHex, keyPairOf, signDsse } from '@testigo/trail';
import { auditDataset } from '../src/poisoning/audit-dataset.ts';
import { encodeReserve, openReserve, RESERVE_PAYLOAD_TYPE } from '../src/poisoning/clean-reserve.ts';
import { type EvidenceFile, readEvidenceFile } from '../src/poisoning/evidence-file.ts';
import { wilsonInterval } from '../src/poisoning/numeric/intervals.ts';
import { drawSample, seedRandom } from '../src/poisoning/numeric/random.ts';
import { CLASSES, digestRows, imageOf, PIXELS, type SampleSet } from '../src/poisoning/sample-set.ts';
import { readSamplesCsv } from '../src/poisoning/samples-csv.ts';

const SECRET = fromHex('2a'.repeat(32));
const [samplesPath, evidencePath, verifiedPath, setCount, setSize] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const all = await readSamplesCsv(samplesPath);
const evidence = await readEvidenceFile(evidencePath);
if (evidence.rowsSha256 !== digestRows(all)) throw new Error('the evidence is about other rows');
const verifiedBytes = readFileSync(verifiedPath);
const verified = [...verifiedBytes.keys()].filter((row) => verifiedBytes[row] === 1);
const conclusions = { poisoned: 0, clean: 0, inconclusive: 0 };
const alarms: { set: number; reasons: readonly string[] }[] = [];
let leastP = 1;
for (let k = 1; k <= Number(setCount); k++) {
  const random = seedRandom(`testigo clean set ${k}`);
  const rows = drawSample(random, verified, Number(setSize)).sort((a, b) => a - b);
  const set = takeRows(all, rows);
  const members = drawSample(random, [...rows.keys()], rows.length >> 1);
  const envelope = signDsse(RESERVE_PAYLOAD_TYPE, encodeReserve(set, members), SECRET);
  const audit = await auditDataset({
    set,
    evidence: takeEvidence(evidence, rows),
    reserve: openReserve(JSON.stringify(envelope), [keyPairOf(SECRET).publicKey], set),
    threads: availableParallelism(),
  });
  conclusions[audit.conclusion] += 1;
  if (audit.conclusion !== 'clean') alarms.push({ set: k, reasons: audit.reasons });
  for (const { p } of audit.structure.tests) leastP = Math.min(leastP, p);
  process.stderr.write(`${k} of ${setCount}: ${audit.conclusion} ${audit.reasons.join('; ')}\n`);
}
const { poisoned } = conclusions;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
process.stdout.write(
  `${JSON.stringify(
    {
      type: 'testigo-clean-sets',
      version: 1,
      rowsSha256: digestRows(all),
      evidence: { kind: evidence.kind, sha256: evidence.sha256, modelVersion: evidence.modelVersion },
      verified: { rows: verified.length, sha256: sha256(verifiedBytes) },
      sets: Number(setCount),
      size: Number(setSize),
      conclusions,
      calledPoisoned: { share: poisoned / Number(setCount), ...wilsonInterval(poisoned, Number(setCount)) },
      leastStructuralP: leastP,
      alarms,
    },
    null,
    1,
  )}\n`,
);

function takeRows(set: SampleSet, rows: readonly number[]): SampleSet {
  const pixels = new Uint8Array(rows.length * PIXELS);
  rows.forEach((row, k) => {
    pixels.set(imageOf(set, row), k * PIXELS);
  });
  return {
    size: rows.length,
    pixels,
    labels: Uint8Array.from(rows, (row) => set.labels[row]!),
    splits: Uint8Array.from(rows, (row) => set.splits[row]!),
    splitNames: set.splitNames,
  };
}

function takeEvidence(file: EvidenceFile, rows: readonly number[]): EvidenceFile {
  const take = (values: Float32Array, width: number) => {
    const taken = new Float32Array(rows.length * width);
    rows.forEach((row, k) => {
      taken.set(values.subarray(row * width, (row + 1) * width), k * width);
    });
    return taken;
  };
  const { loss } = file;
  const epochs = (loss?.length ?? 0) / file.rows;
  const takenLoss = new Float32Array(epochs * rows.length);
  for (let epoch = 0; epoch < epochs; epoch++)
    takenLoss.set(take(loss!.subarray(epoch * file.rows, (epoch + 1) * file.rows), 1), epoch * rows.length);
  return {
    ...file,
    rows: rows.length,
    probabilities: take(file.probabilities, CLASSES),
    embeddings: take(file.embeddings, file.embeddingSize),
    ...(file.headProbabilities === undefined
      ? {}
      : { headProbabilities: take(file.headProbabilities, CLASSES) }),
    ...(file.margin === undefined ? {} : { margin: take(file.margin, 1) }),
    ...(loss === undefined ? {} : { loss: takenLoss }),
    ...(file.strip === undefined ? {} : { strip: take(file.strip, 1) }),
  };
}
