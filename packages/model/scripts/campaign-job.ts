// One training job of the campaign, on WebGPU: node scripts/campaign-job.ts DATA_DIR OUT_DIR '<job as JSON>'
// DATA_DIR: {train,publictest}.{images,labels}.u8, raw. Writes OUT_DIR/<name>.json, <name>.f16 (weights as binary16),
// <name>.transcript.json and, of a job that left the calibration split out, <name>.held.json: its readings of that split.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { STRONG_AUGMENTATION, WIDE_AUGMENTATION } from '../src/augment/recipe.ts';
import { centreView, tenCropViews } from '../src/augment/view.ts';
import { openDevice } from '../src/backend/webgpu-device.ts';
import { packFloat16, unpackFloat16 } from '../src/float16.ts';
import { countParameters, initialWeights, parametersOf } from '../src/network/parameters.ts';
import { compactNetwork, MISSION_NETWORK, type NetworkSpec } from '../src/network/spec.ts';
import { createGenerator, permute } from '../src/random/keyed-generator.ts';
import { COMPACT_TRAINING, MISSION_TRAINING, type TrainingConfig } from '../src/training/config.ts';
import { runTraining } from '../src/training/loop.ts';
import { encodeTranscript } from '../src/training/transcript.ts';
import { GpuContext } from '../src/training/webgpu/context.ts';
import { uploadData } from '../src/training/webgpu/predictor.ts';
import type { Teacher } from '../src/training/webgpu/teachers.ts';
import { WebGpuEngine } from '../src/training/webgpu/webgpu-engine.ts';
import { ladderRecipe } from './ladder.ts';

type Job = {
  readonly name: string;
  readonly kind: 'mission' | 'compact' | 'robust' | 'ladder';
  /** Of the ladder: which of its changes is the last. */
  readonly step?: number;
  readonly seed: string;
  readonly epochs: number;
  /** Rows to train on: all, all but the calibration split, the selection split's 80 %, or all but one fold. */
  readonly rows: 'all' | 'calibrate' | 'select';
  readonly fold?: { readonly index: number; readonly of: number };
  /** Turn, zoom and move pictures further than the recipe's own augmentation does. */
  readonly wide?: boolean;
  /** Names of finished jobs whose networks teach this one, at this share of the loss (1 where not given). */
  readonly teachers?: readonly string[];
  readonly share?: number;
  readonly mixup?: number;
  readonly dropout?: number;
  /** Filters of the four stages, where the network is not the compact one's own size. */
  readonly widths?: readonly number[];
  readonly steps?: number;
  readonly epsilon?: number;
  /** Score on PublicTest: final models only. */
  readonly test?: boolean;
};

const [dataDir, outDir, text] = process.argv.slice(2) as [string, string, string];
const job = JSON.parse(text) as Job;
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`${dataDir}/${name}.u8`));
const train = { images: load('train.images'), labels: load('train.labels') };
const test = { images: load('publictest.images'), labels: load('publictest.labels') };
const count = train.labels.length;

// The one split on which anything is chosen: 20 % of Training, the same for every job.
const order = permute(count, createGenerator('selection split'));
const held = Math.floor(count * 0.2);
const validation = order.slice(0, held);
// A final network leaves out the first 4 % of the same order, to fit its temperature and its conformal quantile on.
const left = { all: 0, calibrate: Math.floor(count * 0.04), select: held }[job.rows];
const pool = order.slice(left);
const fold = job.fold;
const trainRows = fold ? pool.filter((_, i) => i % fold.of !== fold.index) : pool;
const foldRows = fold ? pool.filter((_, i) => i % fold.of === fold.index) : new Uint32Array();

/** Kinds that hold out their own fifth, on which the mission's recipe stops, in place of `rows`. */
const holdsOut = job.kind === 'mission' || job.kind === 'ladder';

function networkOf({ kind, step, dropout, widths }: Job): NetworkSpec {
  if (kind === 'mission') return MISSION_NETWORK;
  if (kind === 'ladder') return ladderRecipe(step ?? 0).network;
  if (kind === 'robust') return compactNetwork({ inputSize: 48, dropout: dropout ?? 0 });
  return compactNetwork({ dropout, widths });
}

/** The network that an earlier job left. */
function readTeacher(name: string): Teacher & { readonly digest: string } {
  const packed = readFileSync(`${outDir}/${name}.f16`);
  const { job } = JSON.parse(readFileSync(`${outDir}/${name}.json`, 'utf8')) as { job: Job };
  const spec = networkOf(job);
  const sizes = parametersOf(spec).map((p) => p.size);
  const digest = createHash('sha256').update(packed).digest('hex');
  return { spec, weights: unpackFloat16(new Uint8Array(packed), sizes), digest };
}

function recipe(): TrainingConfig {
  if (job.kind === 'mission')
    return { ...MISSION_TRAINING, seed: job.seed, epochs: job.epochs, transcriptEverySteps: 1000 };
  if (job.kind === 'ladder')
    return {
      ...ladderRecipe(job.step ?? 0).training,
      ...{ seed: job.seed, splitSeed: 'ladder', transcriptEverySteps: 1000 },
    };
  const common = { ...COMPACT_TRAINING, seed: job.seed, epochs: job.epochs, transcriptEverySteps: 1000 };
  if (job.kind === 'robust') {
    const epsilon = (job.epsilon ?? 4) / 255;
    const steps = job.steps ?? 1;
    const adversarial = { epsilon, stepSize: steps === 1 ? 1.25 * epsilon : epsilon * 0.75, steps };
    const augmentation = { ...STRONG_AUGMENTATION, crop: false, erase: 0, mixup: 0 };
    const schedule = { kind: 'cosine', warmupEpochs: 2 } as const;
    return { ...common, schedule, augmentation, adversarial, labelSmoothing: 0, averageDecay: 0.998 };
  }
  const base = job.wide ? WIDE_AUGMENTATION : STRONG_AUGMENTATION;
  const augmentation = { ...base, mixup: job.mixup ?? base.mixup };
  const distillation = teachers && {
    teachers: teachers.map(({ digest }) => digest),
    share: job.share ?? 1,
  };
  return { ...common, augmentation, distillation };
}

const teachers = job.teachers ? job.teachers.map(readTeacher) : null;
const spec = networkOf(job);
const config = recipe();

const open = await openDevice({ allowSoftware: true });
if (!open) throw new Error('no WebGPU adapter');
const context = new GpuContext(open);
const data = uploadData(context, train.images, train.labels);

const engine = new WebGpuEngine({
  context,
  spec,
  weights: initialWeights(spec, job.seed),
  data,
  config,
  ...(teachers ? { teachers } : {}),
});
const started = performance.now();
const log: string[] = [];
const result = await runTraining({
  ...{ images: train.images, labels: train.labels, spec, engine, config },
  ...(holdsOut ? {} : { rows: trainRows }),
  onProgress: (p) => {
    if (p.type === 'epoch' && (p.epoch % 10 === 0 || p.epoch === 1)) {
      log.push(
        `${p.epoch}: ${p.loss.toFixed(4)} ${p.accuracy.toFixed(4)} ${p.validationLoss.toFixed(4)} ${p.validationAccuracy.toFixed(4)}`,
      );
      console.log(job.name, log.at(-1), `${((performance.now() - started) / 1000).toFixed(0)} s`);
    }
  },
});
const trainMs = performance.now() - started;

// What is scored is what is kept: the weights as binary16.
const packed = packFloat16(result.weights);
const rounded = unpackFloat16(
  packed,
  parametersOf(spec).map((p) => p.size),
);
engine.predictor.weights.write(rounded);
writeFileSync(`${outDir}/${job.name}.f16`, packed);
writeFileSync(`${outDir}/${job.name}.transcript.json`, encodeTranscript(result.transcript.file));

type Scores = {
  count: number;
  accuracy: number;
  macroF1: number;
  confusion: number[][];
  perClassF1: number[];
  nll: number;
};
function score(probabilities: Float32Array, labels: Uint8Array, rows: Uint32Array): Scores {
  const confusion = Array.from({ length: 7 }, () => new Array<number>(7).fill(0));
  let nll = 0;
  rows.forEach((row, i) => {
    const p = probabilities.subarray(i * 7, i * 7 + 7);
    const label = labels[row]!;
    nll -= Math.log(Math.max(1e-7, p[label]!));
    const seen = p.indexOf(Math.max(...p));
    confusion[label]![seen] = confusion[label]![seen]! + 1;
  });
  const perClassF1 = confusion.map(
    (line, c) =>
      (2 * line[c]!) / (line.reduce((a, b) => a + b, 0) + confusion.reduce((s, l) => s + l[c]!, 0) || 1),
  );
  const hits = confusion.reduce((s, line, c) => s + line[c]!, 0);
  return {
    count: rows.length,
    accuracy: hits / rows.length,
    macroF1: perClassF1.reduce((a, b) => a + b, 0) / 7,
    confusion,
    perClassF1,
    nll: nll / rows.length,
  };
}

const centre = centreView(48, spec.inputSize);
const views = tenCropViews(48, spec.inputSize);
type Loaded = { resident: ReturnType<typeof uploadData>; labels: Uint8Array };
async function predictAll(
  { resident }: Loaded,
  rows: Uint32Array,
): Promise<{ single: Float32Array; ten: Float32Array }> {
  const single = await engine.predictor.predict(resident, rows, centre);
  const ten = new Float32Array(single.length);
  for (const view of views)
    (await engine.predictor.predict(resident, rows, view)).forEach((v, i) => {
      ten[i] = ten[i]! + v / views.length;
    });
  return { single, ten };
}
async function scoreAll(set: Loaded, rows: Uint32Array): Promise<{ single: Scores; tenCrop: Scores }> {
  const { single, ten } = await predictAll(set, rows);
  return { single: score(single, set.labels, rows), tenCrop: score(ten, set.labels, rows) };
}

async function attacked(set: Loaded, rows: Uint32Array) {
  const out: Record<string, number> = {};
  for (const eps of [2, 4, 8, 64]) {
    const epsilon = eps / 255;
    const fgsm = await engine.predictor.attack(set.resident, rows, centre, {
      epsilon,
      stepSize: epsilon,
      steps: 1,
      randomStart: false,
      seed: job.seed,
    });
    out[`fgsm-${eps}`] = score(fgsm, set.labels, rows).accuracy;
    const pgd = await engine.predictor.attack(set.resident, rows, centre, {
      epsilon,
      stepSize: epsilon / 4,
      steps: 20,
      randomStart: true,
      seed: job.seed,
    });
    out[`pgd20-${eps}`] = score(pgd, set.labels, rows).accuracy;
  }
  return out;
}

const trained: Loaded = { resident: data, labels: train.labels };
const out: Record<string, unknown> = {
  job,
  config,
  parameters: countParameters(spec),
  engine: result.engine,
  trainSeconds: trainMs / 1000,
  imagesPerSecond: Math.round(
    (result.history.length * Math.floor(result.trainRows.length / config.batchSize) * config.batchSize) /
      (trainMs / 1000),
  ),
  epochsRun: result.history.length,
  bestEpoch: result.bestEpoch,
  lastEpoch: result.history.at(-1),
  history: holdsOut ? result.history : log,
  transcriptHead: result.transcript.head,
  weightsSha256: createHash('sha256').update(packed).digest('hex'),
};
if (holdsOut) out.validation = await scoreAll(trained, result.validationRows);
else if (job.rows === 'select' && !fold) out.validation = await scoreAll(trained, validation);
if (fold) {
  const { single, ten } = await predictAll(trained, foldRows);
  out.fold = { single: score(single, train.labels, foldRows), tenCrop: score(ten, train.labels, foldRows) };
  writeFileSync(
    `${outDir}/${job.name}.fold.json`,
    JSON.stringify({ rows: [...foldRows], probabilities: Array.from(ten) }),
  );
  if (job.rows === 'all') {
    const features = await engine.predictor.embed(data, foldRows, centre);
    writeFileSync(
      `${outDir}/${job.name}.embeddings.f16`,
      packFloat16([features.subarray(0, foldRows.length * 256)]),
    );
  }
}
if (job.rows === 'calibrate' && !fold) {
  const rows = order.slice(0, left);
  const { single } = await predictAll(trained, rows);
  writeFileSync(
    `${outDir}/${job.name}.held.json`,
    JSON.stringify({ rows: [...rows], probabilities: [...single] }),
  );
}
if (job.test) {
  const set: Loaded = { resident: uploadData(context, test.images, test.labels), labels: test.labels };
  const all = Uint32Array.from({ length: test.labels.length }, (_, i) => i);
  const seen = new Set(
    Array.from({ length: count }, (_, i) =>
      createHash('sha256')
        .update(train.images.subarray(i * 2304, (i + 1) * 2304))
        .digest('base64'),
    ),
  );
  const fresh = all.filter(
    (i) =>
      !seen.has(
        createHash('sha256')
          .update(test.images.subarray(i * 2304, (i + 1) * 2304))
          .digest('base64'),
      ),
  );
  out.publicTest = await scoreAll(set, all);
  out.publicTestLeakFree = await scoreAll(set, fresh);
  if (job.kind === 'robust' || (job.kind !== 'ladder' && job.seed.endsWith('0')))
    out.attacks = await attacked(set, all);
}
writeFileSync(`${outDir}/${job.name}.json`, JSON.stringify(out));
const brief = (s: unknown): string =>
  s
    ? Object.entries(s as Record<string, Scores>)
        .map(([k, v]) => `${k} ${(100 * v.accuracy).toFixed(2)} F1 ${(100 * v.macroF1).toFixed(2)}`)
        .join(', ')
    : '-';
console.log(
  `DONE ${job.name} ${(trainMs / 1000).toFixed(0)} s ${String(out.imagesPerSecond)}/s val ${brief(out.validation)} fold ${brief(out.fold)} test ${brief(out.publicTest)} ${out.attacks ? JSON.stringify(out.attacks) : ''}`,
);
process.exit(0);
