import { fromHex, parseDsse } from '@testigo/trail';
import type { Command } from 'commander';
import { loadClassifier } from '../bundle/classifier.ts';
import { equaliseChannels } from '../bundle/equalise.ts';
import { headlineOf } from '../bundle/finish-bundle.ts';
import { type BundleContents, readBundle } from '../bundle/read-bundle.ts';
import { assembleBundle, type BundleParts, saveBundle } from '../bundle/save-bundle.ts';
import type { Precision } from '../bundle/weights.ts';
import type { FaceSet } from '../data/face-set.ts';
import { loadFaces } from '../data/load-faces.ts';
import { type BundleEvaluation, evaluateBundle } from '../evaluation/evaluate-bundle.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, parseChoice } from './context.ts';

type QuantizeFlags = {
  readonly bundle: string;
  readonly out: string;
  readonly precision: Precision;
  readonly data?: string;
};

/** What is said of the training pictures holds for any form of the weights; figures and transcript are of the stored ones. */
const KEPT_ROLES = new Set(['input-profile', 'reference-readings', 'reference-head']);

const text = (contents: BundleContents, name: string): string =>
  new TextDecoder().decode(contents.files.get(name));

/** The same model with its weights stored otherwise: its dataset, training and calibration are carried over. */
const repack = (contents: BundleContents, precision: Precision): BundleParts => {
  const { manifest, network, input, networkSpec, files } = contents;
  const { root, size, manifest: manifestDigest, selection: selectionRoot } = manifest.dataset;
  const digests = files.get('training-digests.bin');
  const { config: _, ...training } = manifest.training;
  return {
    name: manifest.name,
    architecture: manifest.architecture,
    network: precision === 'int8' ? equaliseChannels(network) : network,
    input,
    ...(networkSpec ? { networkSpec } : {}),
    precision,
    dataset: { root, size, manifestDigest, selectionRoot },
    envelope: parseDsse(JSON.parse(contents.datasetEnvelope)),
    custodianKey: fromHex(text(contents, 'custodian.pub').trim()),
    training: {
      config: JSON.parse(text(contents, 'training.json')),
      seed: training.seed,
      epochs: training.epochs,
      backend: training.backend,
      ...(training.transcript ? { transcript: training.transcript } : {}),
      trainedAt: training.trainedAt,
    },
    evaluation: {},
    calibration: manifest.calibration,
    card: `${text(contents, 'card.md').trimEnd()}\n\n## This copy\n\nWeights stored as ${precision}, made from model version \`${contents.modelVersion}\`, whose figures stand above.\n`,
    ...(digests ? { trainingDigests: digests } : {}),
    extras: Object.fromEntries(
      manifest.files
        .filter(({ role }) => KEPT_ROLES.has(role))
        .map(({ name, role }) => [name, { role, bytes: files.get(name)! }]),
    ),
  };
};

const measure = async (contents: BundleContents, set: FaceSet): Promise<BundleEvaluation> => {
  const classifier = await loadClassifier(contents, { threads: 2 });
  try {
    return await evaluateBundle(classifier, set);
  } finally {
    await classifier.close();
  }
};

const run = async (flags: QuantizeFlags, context: CommandContext): Promise<void> => {
  const contents = readBundle(flags.bundle);
  const parts = repack(contents, flags.precision);
  const draft = assembleBundle(parts).contents;
  const set = flags.data ? await loadFaces(flags.data) : undefined;
  const after = set && (await measure(draft, set));
  const version = saveBundle(flags.out, after ? { ...parts, evaluation: headlineOf(after) } : parts);
  const bytes = draft.files.get('weights.bin')!.length;
  context.stdout.write(
    `bundle ${flags.out}, model version ${version}, weights ${bytes.toLocaleString('en')} bytes\n`,
  );
  if (!set || !after) return;
  const before = await measure(contents, set);
  const points = 100 * (after.accuracy - before.accuracy);
  context.stdout.write(
    `accuracy ${(100 * after.accuracy).toFixed(2)} %, before ${(100 * before.accuracy).toFixed(2)} % (${points >= 0 ? '+' : ''}${points.toFixed(2)} points on ${after.count} pictures); ECE ${after.ece.toFixed(4)}, before ${before.ece.toFixed(4)}\n`,
  );
};

export const addQuantize = (program: Command, context: CommandContext): void => {
  program
    .command('quantize')
    .description("store a bundle's weights smaller (int8: a quarter), and measure what that costs")
    .requiredOption('--out <folder>', 'where to write the new bundle')
    .option('--bundle <folder>', 'model bundle (default: the shipped one)', shippedBundle())
    .option(
      '--precision <form>',
      'int8, float16 or float32',
      parseChoice('precision', ['int8', 'float16', 'float32'] as const),
      'int8',
    )
    .option('--data <path>', 'labelled faces to measure both on')
    .action((flags: QuantizeFlags) => run(flags, context));
};
