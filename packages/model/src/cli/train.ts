import type { Command } from 'commander';
import { ModelError } from '../errors.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, parseChoice, parseCount } from './context.ts';
import { addDatasetFlags } from './dataset-flags.ts';
import { AUGMENTATIONS, BACKENDS, NETWORKS, type TrainFlags } from './train-flags.ts';

const bundleAt = (value: string): string => (value === 'shipped' ? shippedBundle() : value);

const parseTeacherShare = (value: string): number => {
  const share = Number(value);
  if (!(share > 0 && share <= 1))
    throw new ModelError('option-invalid', {
      option: 'teacher-share',
      seen: `${value} is no share above 0 and up to 1`,
    });
  return share;
};

const parseShare = (value: string): number => {
  const share = Number(value);
  if (!(share >= 0 && share < 1))
    throw new ModelError('option-invalid', {
      option: 'validation',
      seen: `${value} is no share from 0 to under 1`,
    });
  return share;
};

const parseRate = (value: string): number => {
  const rate = Number(value);
  if (!(rate > 0 && rate < Number.POSITIVE_INFINITY))
    throw new ModelError('option-invalid', { option: 'learning-rate', seen: `${value} is no rate above 0` });
  return rate;
};

/** "48,80,128,256": the executor's tiles are 16 wide. */
const parseWidths = (value: string): readonly number[] => {
  const widths = value.split(',').map(Number);
  if (widths.length !== 4 || widths.some((width) => !(width >= 16 && width <= 1024 && width % 16 === 0)))
    throw new ModelError('option-invalid', {
      option: 'widths',
      seen: `${value} is not four multiples of 16 up to 1024, such as 48,80,128,256`,
    });
  return widths;
};

/** "4/255" or "0.0157", in pixel values from 0 to 1. */
const parseEpsilon = (value: string): number => {
  const [top, bottom = '1', ...rest] = value.split('/');
  const epsilon = Number(top) / Number(bottom);
  if (rest.length > 0 || !(epsilon > 0 && epsilon < 1))
    throw new ModelError('option-invalid', {
      option: 'epsilon',
      seen: `${value} is no size between 0 and 1, such as 4/255`,
    });
  return epsilon;
};

export const addTrain = (program: Command, context: CommandContext): void => {
  addDatasetFlags(program.command('train'))
    .description('train on FER-2013 or your own faces, calibrate, measure, and write a model bundle')
    .requiredOption('--data <path>', 'FER-2013 CSV (any form), folder of raw arrays, or image folder')
    .requiredOption('--out <folder>', 'where to write the bundle')
    .option(
      '--network <name>',
      'mission (1,469,031 parameters), compact (1,346,627) or hybrid (823,463); with --from only its recipe counts',
      parseChoice('network', NETWORKS),
      'mission',
    )
    .option(
      '--widths <filters>',
      'of the four stages of "compact", multiples of 16 (default: 32,64,128,256)',
      parseWidths,
    )
    .option(
      '--augmentation <how>',
      'of "compact" and "hybrid": strong, or wide, for long runs and distillation (default: strong)',
      parseChoice('augmentation', AUGMENTATIONS),
    )
    .option(
      '--epochs <n>',
      "passes over the data (default: the network's recipe, 50 or 70)",
      parseCount('epochs'),
    )
    .option('--batch <n>', 'pictures a step (default: 64 or 128)', parseCount('batch'))
    .option(
      '--learning-rate <rate>',
      'peak rate (default: 0.001 Adam, 0.1 SGD; a tenth with --from)',
      parseRate,
    )
    .option('--validation <share>', 'share of Training held out (default: 0.2)', parseShare)
    .option(
      '--split-seed <text>',
      'fixes which pictures are held out (default: the seed); the same for a student and its teachers',
    )
    .option('--limit <rows>', 'a random subset of this many training pictures', parseCount('limit'))
    .option('--seed <text>', 'fixes order, augmentation, masks and first weights', 'testigo')
    .option(
      '--backend <name>',
      `${BACKENDS.join(', ')} (default: the best there is)`,
      parseChoice('backend', BACKENDS),
    )
    .option(
      '--precision <form>',
      'weights as float16, float32 or int8',
      parseChoice('precision', ['float16', 'float32', 'int8'] as const),
      'float16',
    )
    .option(
      '--run <folder>',
      'run folder (default: <out>.run): config, metrics.jsonl, curves, confusion, reliability, card',
    )
    .option('--resume <run>', 'go on with an interrupted run: its run folder, and otherwise the same options')
    .option('--save-every <seconds>', 'least time between two saved states', parseCount('save-every', 0), 30)
    .option('--keep-states', 'keep a state at every transcript entry and epoch, to re-run segments from')
    .option(
      '--transcript-every <steps>',
      'steps between two entries of the training transcript (default: 100)',
      parseCount('transcript-every'),
    )
    .option(
      '--adversarial <way>',
      'train on pictures moved against the network: fast-at',
      parseChoice('adversarial', ['fast-at'] as const),
    )
    .option('--epsilon <size>', 'with --adversarial: how far a pixel moves', parseEpsilon, 4 / 255)
    .option('--mlflow <url>', 'also report to an MLflow server')
    .option('--from <bundle>', 'fine-tune this bundle ("shipped" for the one that ships)', bundleAt)
    .option(
      '--freeze <what>',
      'with --from: "features" (all but the last dense layer) or a number of layers to freeze',
    )
    .option(
      '--teacher <bundle>',
      'learn what this bundle says of the same views; several: give it again for each, their mean counts',
      (value, before: readonly string[] = []) => [...before, bundleAt(value)],
    )
    .option(
      '--teacher-share <share>',
      'with --teacher: its part in the targets, the labels have the rest (default: 1)',
      parseTeacherShare,
    )
    .option(
      '--custodian-key <file>',
      '32-byte Ed25519 secret key (hex) that signs the dataset manifest (default: a new one, forgotten)',
    )
    .addHelpText(
      'after',
      `
The recipe of "mission": Adam 0.001, batch 64, 50 epochs, rotation ±10°, shift 10 %, zoom 0.1, 20 % validation,
learning rate down on a plateau, early stop. "compact" adds batch normalisation after each convolution, squeeze and
excitation, mirror and crops, mixup, SGD with a cosine, and averaged weights; warm-up and average take a tenth of the
run at most. "hybrid" is a convolutional stem with transformer blocks on top, trained like it but by Adam.

Runs on a GPU through WebGPU or tfjs-node-gpu; on a CPU expect about 20 pictures a second, so take a subset:
  testigo-model train --data fer2013.csv --out my-model --limit 2000 --epochs 3 --batch 32
A run that was interrupted, at any moment, goes on with --resume and ends with the same weights and transcript:
  testigo-model train --data fer2013.csv --out my-model --resume my-model.run
Adversarial training stops when the accuracy under a PGD attack, measured after each epoch, falls to under half:
  testigo-model train --data fer2013.csv --out robust --network compact --adversarial fast-at --epochs 15
Distil several networks into one (a teacher must read the same pictures: size, mean and deviation):
  testigo-model train --data fer2013.csv --out student --network compact --teacher a --teacher b --teacher-share 0.8
The recipe of the network that ships, for a GPU: four teachers, then one that learns from them.
  testigo-model train --data fer2013.csv --out wide-1 --network compact --widths 48,96,192,384 --augmentation wide \\
    --epochs 90 --validation 0.04 --split-seed held --seed wide-1                        (and wide-2 to wide-4)
  testigo-model train --data fer2013.csv --out student --network compact --widths 48,80,128,256 --augmentation wide \\
    --epochs 100 --validation 0.04 --split-seed held --teacher-share 0.7 \\
    --teacher wide-1 --teacher wide-2 --teacher wide-3 --teacher wide-4
Fine-tune on your own folder of faces (<split>/<class>/*.png):
  testigo-model train --data faces --out tuned --from shipped --freeze features --epochs 5`,
    )
    .action(async (flags: TrainFlags) => {
      // TensorFlow.js takes a second to load: only where it is used.
      const { runTraining } = await import('./run-training.ts');
      await runTraining(flags, context);
    });
};
