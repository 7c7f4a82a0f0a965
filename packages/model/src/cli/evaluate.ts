import type { Command } from 'commander';
import { openBundle } from '../bundle/classifier.ts';
import type { BundleContents } from '../bundle/read-bundle.ts';
import { type FaceSet, SPLITS } from '../data/face-set.ts';
import { loadFaces } from '../data/load-faces.ts';
import { chooseRows, evaluateBundle } from '../evaluation/evaluate-bundle.ts';
import { formatEvaluation } from '../evaluation/format-text.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, emit, parseChoice, parseCount } from './context.ts';
import { startProgress } from './progress.ts';

type EvaluateFlags = {
  readonly bundle: string;
  readonly data: string;
  readonly format: 'text' | 'json';
  readonly split: 'auto' | 'all' | (typeof SPLITS)[number];
  readonly tenCrop?: boolean;
  readonly attack?: number | true;
  readonly limit?: number;
  readonly output?: string;
  readonly threads: number;
};

/** TensorFlow.js is loaded for its gradients only. */
const attack = async (
  contents: BundleContents,
  set: FaceSet,
  flags: EvaluateFlags,
  context: CommandContext,
) => {
  const { formatRobustness, measureRobustness } = await import('../evaluation/robustness.ts');
  const progress = startProgress(context, 'attack');
  const figures = await measureRobustness(contents, set, {
    rows: chooseRows(set, flags.split).rows,
    count: flags.attack === true ? 128 : (flags.attack ?? 0),
    print: (line) => context.stderr.write(`${line}\n`),
    onProgress: progress.update,
  });
  progress.stop();
  return { figures, text: formatRobustness(figures) };
};

const run = async (flags: EvaluateFlags, context: CommandContext): Promise<void> => {
  const classifier = await openBundle(flags.bundle, { threads: flags.threads });
  const progress = startProgress(context, 'evaluate');
  try {
    const set = await loadFaces(flags.data, flags.limit ? { limit: flags.limit } : {});
    const evaluation = await evaluateBundle(classifier, set, {
      split: flags.split,
      tenCrop: flags.tenCrop ?? false,
      onProgress: progress.update,
    });
    const robustness = flags.attack ? await attack(classifier.contents, set, flags, context) : null;
    progress.stop();
    const { formatted, result } = robustness
      ? { formatted: robustness.text, result: { ...evaluation, robustness: robustness.figures } }
      : { formatted: '', result: evaluation };
    const json = (): string => `${JSON.stringify(result, null, 2)}\n`;
    const text = flags.format === 'json' ? json() : `${formatEvaluation(evaluation)}${formatted}`;
    emit(context, text, flags.output);
  } finally {
    progress.stop();
    await classifier.close();
  }
};

export const addEvaluate = (program: Command, context: CommandContext): void => {
  program
    .command('evaluate')
    .description(
      'measure a bundle on labelled faces: accuracy, F1, calibration, conformal sets, with intervals',
    )
    .requiredOption('--data <path>', 'FER-2013 CSV (any form), folder of raw arrays, or image folder')
    .option('--bundle <folder>', 'model bundle (default: the shipped one)', shippedBundle())
    .option('--format <form>', 'text or json', parseChoice('format', ['text', 'json'] as const), 'text')
    .option(
      '--split <name>',
      'Training, PublicTest, PrivateTest, all, or auto: PrivateTest, else PublicTest, else all',
      parseChoice('split', ['auto', 'all', ...SPLITS] as const),
      'auto',
    )
    .option('--ten-crop', 'also average over ten crops of each picture')
    .option(
      '--attack [rows]',
      'also FGSM, PGD-20 and Square on so many drawn pictures (128), with checks against gradient masking',
      parseCount('attack'),
    )
    .option('--limit <rows>', 'read the first rows only', parseCount('limit'))
    .option('--threads <n>', 'CPU threads', parseCount('threads'), 2)
    .option('--output <file>', 'write the result here instead of to stdout')
    .addHelpText(
      'after',
      `
Official test splits of FER-2013 share pictures with its training split (280 of PublicTest), so the leak-free
figure beside the official one leaves every exact copy out. Intervals are Wilson's (shares) and bootstrap (F1, ECE).

Examples:
  testigo-model evaluate --data fer2013.csv
  testigo-model evaluate --data fer2013.csv --ten-crop --format json | jq '.accuracy, .leakFree.accuracy'`,
    )
    .action((flags: EvaluateFlags) => run(flags, context));
};
