// Makes the shipped bundle from what the training campaign left:
//   node scripts/ship-bundle.ts CAMPAIGN_DIR DATA KEY_FILE [FINAL_JOB] [OUT]
// CAMPAIGN_DIR holds <job>.json, <job>.f16 and <job>.transcript.json of scripts/campaign.ts, DATA is FER-2013, KEY_FILE the custodian's 32 bytes.
// PublicTest chooses no recipe, seed or epoch: the final job is named, or is the one of all final-N with the lowest
// loss on the rows of Training that they left out (<job>.held.json: rows as positions in Training, probabilities of one view).
// Temperature and conformal quantile come from those rows too. <job>.attack.json, where there is one, is what `testigo-model evaluate
// --attack N --format json` said of the bundle before. Out-of-fold readings come from <oof-N>.fold.json, else from the
// bundle that is replaced.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { finishBundle } from '../src/bundle/finish-bundle.ts';
import { fromTfjs } from '../src/bundle/from-tfjs.ts';
import type { LayersModel } from '../src/bundle/layers.ts';
import { readBundle } from '../src/bundle/read-bundle.ts';
import { prefixesOf, prefixOf } from '../src/data/copies.ts';
import { pixelsOf, rowsOfSplit } from '../src/data/face-set.ts';
import { loadFaces } from '../src/data/load-faces.ts';
import { calibrate } from '../src/evaluation/calibrate.ts';
import { negativeLogLikelihood } from '../src/evaluation/calibration.ts';
import type { Robustness } from '../src/evaluation/robustness.ts';
import {
  collectReference,
  decodeReference,
  encodeReference,
  REFERENCE_FILE,
} from '../src/evidence/reference.ts';
import { unpackFloat16 } from '../src/float16.ts';
import { buildNetwork, setWeights } from '../src/network/build.ts';
import { parametersOf } from '../src/network/parameters.ts';
import { compactNetwork, type NetworkSpec } from '../src/network/spec.ts';
import { createGenerator } from '../src/random/keyed-generator.ts';
import { shippedBundle } from '../src/shipped-bundle.ts';
import type { TrainingConfig } from '../src/training/config.ts';
import { toCanonical } from '../src/training/transcript.ts';

const [folder, dataPath, keyFile, namedJob, out = shippedBundle()] = process.argv.slice(2) as [
  string,
  string,
  string,
  string?,
  string?,
];
const FER_COLLECTED_AT = 1_365_724_800; // 2013-04-12, the challenge's release
type Scores = { readonly accuracy: number; readonly macroF1: number };
type Outcome = {
  readonly job: {
    readonly name: string;
    readonly seed: string;
    readonly dropout?: number;
    readonly widths?: readonly number[];
    readonly teachers?: readonly string[];
    readonly share?: number;
  };
  readonly config: TrainingConfig;
  readonly epochsRun: number;
  readonly transcriptHead: string;
  readonly validation?: { readonly tenCrop: Scores };
  readonly publicTest?: { readonly single: Scores; readonly tenCrop: Scores };
  readonly publicTestLeakFree?: { readonly single: Scores; readonly tenCrop: Scores };
};
const readOutcome = (name: string): Outcome => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'));
const percent = (value: number): string => (100 * value).toFixed(1);

await tf.setBackend('cpu');
const loadJob = async (name: string): Promise<{ spec: NetworkSpec; network: LayersModel }> => {
  const { dropout, widths } = readOutcome(name).job;
  const spec = compactNetwork({ dropout, widths });
  const network = buildNetwork(spec);
  const packed = new Uint8Array(readFileSync(`${folder}/${name}.f16`));
  const sizes = parametersOf(spec).map(({ size }) => size);
  setWeights(network, unpackFloat16(packed, sizes));
  return { spec, network: await fromTfjs(network.model) };
};
const inputOf = ({ inputSize, mean, std }: NetworkSpec) => ({ size: inputSize, mean, std });

const set = await loadFaces(dataPath);
const training = rowsOfSplit(set, 'Training');
const publicTest = rowsOfSplit(set, 'PublicTest');

/** Of some rows of Training, those without a copy among all other ones. */
const withoutCopies = (rows: readonly number[]): number[] => {
  const left = new Set(rows);
  const known = prefixesOf(
    set,
    training.filter((row) => !left.has(row)),
  );
  return rows.filter((row) => !known.has(prefixOf(pixelsOf(set, row))));
};

type Readings = { readonly rows: readonly number[]; readonly probabilities: readonly number[] };

const seeds = readdirSync(folder)
  .flatMap((file) => /^(final-\d+)\.json$/.exec(file)?.[1] ?? [])
  .toSorted();
const heldOf = (name: string): Readings => JSON.parse(readFileSync(`${folder}/${name}.held.json`, 'utf8'));
const labelsOf = (rows: readonly number[]): Uint8Array =>
  Uint8Array.from(rows, (at) => set.labels[training[at]!]!);
const lossOnHeld = new Map(
  seeds.map((name) => {
    const { rows, probabilities } = heldOf(name);
    return [name, negativeLogLikelihood(Float32Array.from(probabilities), labelsOf(rows))];
  }),
);
const finalJob = namedJob || seeds.toSorted((a, b) => lossOnHeld.get(a)! - lossOnHeld.get(b)!)[0]!; // '' is none named

/** What the final network itself says of rows that it left out; logarithms of probabilities do as logits. */
const held = heldOf(finalJob);
const leftOut = held.rows.map((at) => training[at]!);
const isLeftOut = new Set(leftOut);
const fresh = new Set(withoutCopies(leftOut));
const kept = leftOut.flatMap((row, i) => (fresh.has(row) ? [i] : []));
const calibration = calibrate(
  Float32Array.from(
    kept.flatMap((i) => held.probabilities.slice(7 * i, 7 * i + 7)),
    (p) => Math.log(Math.max(1e-9, p)),
  ),
  labelsOf(kept.map((i) => held.rows[i]!)),
  readOutcome(finalJob).config.labelSmoothing,
);

// Out-of-fold readings of Training pictures, from the fold networks that there are (four cover all).
const folds = [0, 1, 2, 3]
  .map((fold) => `${folder}/oof-${fold}.fold.json`)
  .filter(existsSync)
  .map((path): Readings => JSON.parse(readFileSync(path, 'utf8')));
const reference =
  folds.length > 0
    ? encodeReference(
        collectReference(
          set,
          folds.flatMap(({ rows }) => rows.map((at) => training[at]!)),
          Float32Array.from(folds.flatMap(({ probabilities }) => probabilities)),
        ),
      )
    : existsSync(`${out}/${REFERENCE_FILE}`) && new Uint8Array(readFileSync(`${out}/${REFERENCE_FILE}`));

const final = readOutcome(finalJob);
const attackFile = `${folder}/${finalJob}.attack.json`;
const robustness: Robustness | undefined = existsSync(attackFile)
  ? JSON.parse(readFileSync(attackFile, 'utf8')).robustness
  : undefined;
const describeRobustness = ({ count, clean, points }: Robustness): string => {
  const left = points
    .filter(({ epsilon255 }) => epsilon255 <= 4)
    .map(({ epsilon255, pgd20 }) => {
      const [low, high] = pgd20.interval.map(percent);
      return `${percent(pgd20.accuracy)} % [${low}, ${high}] at ${epsilon255}/255`;
    });
  return `Not robust: small deliberate changes fool it. Of ${count} PublicTest pictures it reads ${percent(clean.accuracy)} % rightly, and after PGD-20 ${left.join(', ')}.`;
};
/** The same training keeps its time, so that its bundle made again is the same, to the byte. */
const trainedAt = (): number => {
  const before = existsSync(`${out}/manifest.json`) ? readBundle(out).manifest.training : undefined;
  return before?.transcript === final.transcriptHead ? before.trainedAt : Math.floor(Date.now() / 1000);
};
const { spec, network } = await loadJob(finalJob);
const outcomes = seeds.map(readOutcome);
const mean = (pick: (outcome: Outcome) => number | undefined): string =>
  percent(outcomes.reduce((sum, outcome) => sum + (pick(outcome) ?? Number.NaN), 0) / outcomes.length);
const notes = [
  `Ten crops averaged, PublicTest: ${percent(final.publicTest?.tenCrop.accuracy ?? 0)} %, macro F1 ${percent(final.publicTest?.tenCrop.macroF1 ?? 0)} %, leak-free ${percent(final.publicTestLeakFree?.tenCrop.accuracy ?? 0)} % (measured on the GPU, of these weights).`,
  `Mean of ${seeds.length} seed${seeds.length > 1 ? 's' : ''} of the same recipe, PublicTest: one view ${mean((o) => o.publicTest?.single.accuracy)} %, ten crops ${mean((o) => o.publicTest?.tenCrop.accuracy)} %, macro F1 ${mean((o) => o.publicTest?.single.macroF1)} %; leak-free ${mean((o) => o.publicTestLeakFree?.single.accuracy)} % and ${mean((o) => o.publicTestLeakFree?.tenCrop.accuracy)} %.`,
  ...(robustness ? [describeRobustness(robustness)] : []),
  `The recipe was chosen on a held-out fifth of Training, the seed by the loss on ${leftOut.length} Training pictures that no seed saw (${seeds.map((name) => `${name} ${lossOnHeld.get(name)!.toFixed(4)}`).join(', ')}). PublicTest chose no recipe, seed or epoch.`,
  ...(reference
    ? [
        `\`reference.bin\` holds what networks trained without a picture said about it, for ${decodeReference(reference).size.toLocaleString('en')} training pictures; \`testigo-model evidence\` uses it.`,
      ]
    : []),
];

const result = await finishBundle({
  folder: out,
  name: 'fer-compact',
  architecture: 'compact-se-cnn',
  network,
  networkSpec: spec,
  input: inputOf(spec),
  precision: 'float16',
  set,
  dataset: { name: 'fer2013', licence: 'research-only', sources: ['fer2013'], collectedAt: FER_COLLECTED_AT },
  trainRows: training.filter((row) => !isLeftOut.has(row)),
  calibration,
  test: { rows: publicTest, name: 'PublicTest' },
  training: {
    config: toCanonical({ network: spec, training: final.config }),
    seed: createGenerator(final.job.seed).word(),
    epochs: final.epochsRun,
    backend: 'webgpu',
    transcript: final.transcriptHead,
    trainedAt: trainedAt(),
  },
  transcript: new Uint8Array(readFileSync(`${folder}/${finalJob}.transcript.json`)),
  custodianSecretKey: new Uint8Array(readFileSync(keyFile)),
  ...(reference ? { reference } : {}),
  facts: {
    summary: 'An expression classifier for 48x48 gray faces.',
    training: `Nine convolutions with batch normalisation, squeeze and excitation and global pooling; ${final.epochsRun} epochs of SGD with Nesterov momentum, a cosine rate, mirror, crop, wide affine, erasing and mixup and averaged weights, seed "${final.job.seed}", on one GPU through WebGPU in TypeScript.${final.job.teachers ? ` ${Math.round(100 * (final.job.share ?? 1))} % of each target is the mean reading of ${final.job.teachers.length} wider networks, trained on the same rows, of the same views, the rest is the label (knowledge distillation).` : ''}`,
    calibration: `fitted on ${kept.length} Training pictures that this network never saw (copies left out): two numbers, no weight.`,
    notes,
  },
  onProgress: (done, total) => process.stderr.write(`\r${done} of ${total}`),
});
process.stderr.write('\n');
const { evaluation } = result;
console.log(
  result.modelVersion,
  evaluation?.accuracy,
  evaluation?.tenCrop?.accuracy,
  evaluation?.macroF1,
  evaluation?.ece,
);
