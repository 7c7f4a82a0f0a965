// Makes the shipped bundle from what the training campaign left:
//   node scripts/ship-bundle.ts CAMPAIGN_DIR DATA KEY_FILE [FINAL_JOB] [OUT]
// CAMPAIGN_DIR holds <job>.json, <job>.f16 and <job>.transcript.json of scripts/campaign.ts, DATA is FER-2013, KEY_FILE the custodian's 32 bytes.
// No recipe, seed or epoch is chosen on PublicTest: the final job is named beforehand. Temperature and conformal quantile
// come from rows of Training that the final job left out (<job>.held.json: rows as positions in Training, probabilities of one
// view), else from the held-out fifth where the selection run's weights are there, else from every second PublicTest row.
import { existsSync, readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { OnnxEngine } from '../src/bundle/engine.ts';
import { finishBundle } from '../src/bundle/finish-bundle.ts';
import { fromTfjs } from '../src/bundle/from-tfjs.ts';
import { decodeHalves } from '../src/bundle/half.ts';
import type { LayersModel } from '../src/bundle/layers.ts';
import { toOnnx } from '../src/bundle/onnx/to-onnx.ts';
import { prefixesOf, prefixOf } from '../src/data/copies.ts';
import { pixelsOf, rowsOfSplit, selectRows } from '../src/data/face-set.ts';
import { loadFaces } from '../src/data/load-faces.ts';
import { calibrate } from '../src/evaluation/calibrate.ts';
import { expectedCalibrationError, softmaxRows } from '../src/evaluation/calibration.ts';
import { measureConformal } from '../src/evaluation/conformal.ts';
import { collectReference } from '../src/evidence/reference.ts';
import { buildNetwork, setWeights } from '../src/network/build.ts';
import { parametersOf } from '../src/network/parameters.ts';
import { compactNetwork, type NetworkSpec } from '../src/network/spec.ts';
import { createGenerator, permute } from '../src/random/keyed-generator.ts';
import { shippedBundle } from '../src/shipped-bundle.ts';
import { toCanonical } from '../src/training/transcript.ts';

const [folder, dataPath, keyFile, finalJob = 'final-0', out = shippedBundle()] = process.argv.slice(2) as [
  string,
  string,
  string,
];
const FER_COLLECTED_AT = 1_365_724_800; // 2013-04-12, the challenge's release
type Scores = { readonly accuracy: number; readonly macroF1: number };
type Outcome = {
  readonly job: { readonly name: string; readonly seed: string; readonly dropout?: number } & Record<
    string,
    unknown
  >;
  readonly config: Record<string, unknown>;
  readonly epochsRun: number;
  readonly transcriptHead: string;
  readonly validation?: { readonly tenCrop: Scores };
  readonly publicTest?: { readonly single: Scores; readonly tenCrop: Scores };
  readonly publicTestLeakFree?: { readonly single: Scores; readonly tenCrop: Scores };
  readonly attacks?: Record<string, number>;
};
const readOutcome = (name: string): Outcome => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'));
const percent = (value: number): string => (100 * value).toFixed(1);

await tf.setBackend('cpu');
const loadJob = async (name: string): Promise<{ spec: NetworkSpec; network: LayersModel }> => {
  const { dropout } = readOutcome(name).job;
  const spec = compactNetwork(dropout === undefined ? {} : { dropout });
  const network = buildNetwork(spec);
  const halves = decodeHalves(new Uint8Array(readFileSync(`${folder}/${name}.f16`)));
  let at = 0;
  const weights = parametersOf(spec).map(({ size }) => {
    at += size;
    return halves.slice(at - size, at);
  });
  setWeights(network, weights);
  return { spec, network: await fromTfjs(network.model) };
};
const inputOf = ({ inputSize, mean, std }: NetworkSpec) => ({ size: inputSize, mean, std });

const set = await loadFaces(dataPath);
const training = rowsOfSplit(set, 'Training');
const publicTest = rowsOfSplit(set, 'PublicTest');
const logitsOf = async (name: string, rows: readonly number[]) => {
  const { spec, network } = await loadJob(name);
  const engine = await OnnxEngine.create(toOnnx(network, { input: inputOf(spec) }), 48, { threads: 2 });
  const part = selectRows(set, rows);
  const logits = await engine.run(part.pixels, 'logits');
  await engine.close();
  return { logits, labels: part.labels };
};

/** The recipes that were compared on the held-out fifth of Training, the best first. */
const compared = ['sel-base', 'sel-soft5', 'sel-soft8', 'sel-soft5-nomix']
  .filter((name) => existsSync(`${folder}/${name}.json`))
  .map((name) => ({ name, outcome: readOutcome(name) }))
  .sort(
    (a, b) => (b.outcome.validation?.tenCrop.accuracy ?? 0) - (a.outcome.validation?.tenCrop.accuracy ?? 0),
  );

/** Of some rows of Training, those without a copy among all other ones. */
const withoutCopies = (rows: readonly number[]): number[] => {
  const left = new Set(rows);
  const known = prefixesOf(
    set,
    training.filter((row) => !left.has(row)),
  );
  return rows.filter((row) => !known.has(prefixOf(pixelsOf(set, row))));
};

// The campaign's selection split, as positions in Training.
const heldRows = (): number[] => {
  const order = [...permute(training.length, createGenerator('selection split'))].map((at) => training[at]!);
  return withoutCopies(order.slice(0, Math.floor(order.length * 0.2)));
};
type Readings = { readonly rows: readonly number[]; readonly probabilities: readonly number[] };
const readReadings = (path: string): Readings | undefined =>
  existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;

/** What the final network itself says of rows that it left out; logarithms of probabilities do as logits. */
const held = readReadings(`${folder}/${finalJob}.held.json`);
const leftOut = (held?.rows ?? []).map((at) => training[at]!);
const isLeftOut = new Set(leftOut);
const fitOnHeld = ({ probabilities }: Readings) => {
  const fresh = new Set(withoutCopies(leftOut));
  const kept = leftOut.flatMap((row, i) => (fresh.has(row) ? [i] : []));
  return {
    labels: Uint8Array.from(kept, (i) => set.labels[leftOut[i]!]!),
    logits: Float32Array.from(
      kept.flatMap((i) => probabilities.slice(7 * i, 7 * i + 7)),
      (p) => Math.log(Math.max(1e-9, p)),
    ),
  };
};
const selectionRun = compared.find(({ name }) => existsSync(`${folder}/${name}.f16`))?.name;
const isCarried = selectionRun !== undefined && selectionRun === compared[0]?.name;
const source = held ? 'held' : isCarried ? 'selection' : 'half';
/** Every second row of PublicTest, from the first or the second on. */
const test = await logitsOf(finalJob, publicTest);
const halfOf = (first: 0 | 1) => ({
  labels: test.labels.filter((_, row) => row % 2 === first),
  logits: test.logits.filter((_, at) => Math.floor(at / 7) % 2 === first),
});
const fitting = held ? fitOnHeld(held) : isCarried ? await logitsOf(selectionRun, heldRows()) : halfOf(0);
const calibration = calibrate(fitting.logits, fitting.labels);
// What fitted nothing: all of PublicTest, unless half of it had to fit.
const odd = source === 'half' ? halfOf(1) : test;
const oddScores = softmaxRows(odd.logits, calibration.temperaturePpm / 1e6);
const oddEce = expectedCalibrationError(oddScores, odd.labels);
const oddSets = measureConformal(oddScores, odd.labels, {
  quantile: (calibration.conformalQuantilePpm ?? 0) / 1e6,
  target: 0.9,
});

// Out-of-fold readings of Training pictures, from the fold networks that there are (four cover all).
const readings = [0, 1, 2, 3].flatMap((fold) => readReadings(`${folder}/oof-${fold}.fold.json`) ?? []);
const reference =
  readings.length > 0
    ? collectReference(
        set,
        readings.flatMap(({ rows }) => rows.map((at) => training[at]!)),
        Float32Array.from(readings.flatMap(({ probabilities }) => probabilities)),
      )
    : undefined;

const final = readOutcome(finalJob);
const { spec, network } = await loadJob(finalJob);
const seeds = ['final-0', 'final-1', 'final-2']
  .filter((name) => existsSync(`${folder}/${name}.json`))
  .map(readOutcome);
const mean = (pick: (outcome: Outcome) => number | undefined): string =>
  percent(seeds.reduce((sum, outcome) => sum + (pick(outcome) ?? Number.NaN), 0) / seeds.length);
const { attacks } = final;
const notes = [
  `Ten crops averaged, PublicTest: ${percent(final.publicTest?.tenCrop.accuracy ?? 0)} %, macro F1 ${percent(final.publicTest?.tenCrop.macroF1 ?? 0)} %, leak-free ${percent(final.publicTestLeakFree?.tenCrop.accuracy ?? 0)} % (measured on the GPU, of these weights).`,
  `Mean of ${seeds.length} seed${seeds.length > 1 ? 's' : ''} of the same recipe, PublicTest: one view ${mean((o) => o.publicTest?.single.accuracy)} %, ten crops ${mean((o) => o.publicTest?.tenCrop.accuracy)} %, macro F1 ${mean((o) => o.publicTest?.single.macroF1)} %; leak-free ${mean((o) => o.publicTestLeakFree?.single.accuracy)} % and ${mean((o) => o.publicTestLeakFree?.tenCrop.accuracy)} %.`,
  ...(attacks
    ? [
        `Not robust: small deliberate changes fool it. PGD-20 leaves ${percent(attacks['pgd20-2'] ?? 0)} % at 2/255, ${percent(attacks['pgd20-4'] ?? 0)} % at 4/255.`,
      ]
    : []),
  `The recipe was chosen on the held-out fifth of Training among ${compared.map(({ name, outcome }) => `${name} ${percent(outcome.validation?.tenCrop.accuracy ?? 0)} %`).join(', ')} (ten crops). PublicTest chose no recipe, seed or epoch.`,
  `On the PublicTest pictures that fitted neither temperature nor quantile (${odd.labels.length}): ECE-15 ${oddEce.toFixed(3)}, conformal coverage ${percent(oddSets.coverage)} % [${oddSets.coverageInterval.map(percent).join(', ')}] with ${oddSets.meanSetSize.toFixed(2)} labels.`,
  ...(reference
    ? [
        `\`reference.bin\` holds what networks trained without a picture said about it, for ${reference.size.toLocaleString('en')} training pictures; \`testigo-model evidence\` uses it.`,
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
    trainedAt: Math.floor(Date.now() / 1000),
  },
  transcript: new Uint8Array(readFileSync(`${folder}/${finalJob}.transcript.json`)),
  custodianSecretKey: new Uint8Array(readFileSync(keyFile)),
  ...(reference ? { reference } : {}),
  facts: {
    summary: 'An expression classifier for 48x48 gray faces.',
    training: `Nine convolutions with batch normalisation, squeeze and excitation and global pooling; ${final.epochsRun} epochs of SGD with Nesterov momentum, a cosine rate, mirror, crop, affine, erasing and mixup, label smoothing and averaged weights, seed "${final.job.seed}", on one GPU through WebGPU in TypeScript.${final.job.teachers ? ` Labels were softened (share ${final.job.share}) by the out-of-fold readings of four networks of the same kind.` : ''}`,
    calibration: {
      held: `fitted on ${fitting.labels.length} Training pictures that this network never saw (copies left out): two numbers, no weight.`,
      selection: `fitted on ${fitting.labels.length} Training pictures that the same recipe's selection run never saw (its held-out fifth, copies left out), and carried over to this network, which trained on all of Training.`,
      half: `fitted on every second PublicTest picture (${fitting.labels.length}): two numbers, no weight.`,
    }[source],
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
