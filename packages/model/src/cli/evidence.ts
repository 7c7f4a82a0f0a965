import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { openBundle } from '../bundle/classifier.ts';
import { describeDataset } from '../data/dataset.ts';
import type { FaceSet } from '../data/face-set.ts';
import { loadFaces } from '../data/load-faces.ts';
import { replaceFile } from '../durable-file.ts';
import { ModelError } from '../errors.ts';
import { collectHeadEvidence } from '../evidence/collect.ts';
import { type Evidence, encodeEvidence } from '../evidence/evidence-file.ts';
import { UNLABELLED } from '../labels.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, parseChoice, parseCount } from './context.ts';
import { addDatasetFlags, type DatasetFlags, describeSource } from './dataset-flags.ts';
import type { NetworksFlags } from './evidence-networks.ts';
import { type Progress, startProgress } from './progress.ts';
import { BACKENDS } from './train-flags.ts';

type EvidenceFlags = NetworksFlags &
  DatasetFlags & {
    readonly data: string;
    readonly out: string;
    readonly bundle: string;
    readonly networks?: boolean;
    readonly threads: number;
  };

const HEAD_EPOCHS = 20;

const collectHeads = async (
  { bundle, threads, seed, folds, epochs = HEAD_EPOCHS }: EvidenceFlags,
  set: FaceSet,
  datasetRoot: string,
  progress: Progress,
): Promise<Evidence> => {
  const classifier = await openBundle(bundle, { threads });
  try {
    return await collectHeadEvidence(classifier, set, {
      ...{ seed, folds, epochs, datasetRoot },
      onProgress: progress.update,
    });
  } finally {
    await classifier.close();
  }
};

const run = async (flags: EvidenceFlags, context: CommandContext): Promise<void> => {
  const progress = startProgress(context, 'evidence');
  try {
    const set = await loadFaces(flags.data);
    if (set.labels.includes(UNLABELLED))
      throw new ModelError('labels-missing', { path: set.source, need: 'evidence' });
    const { root } = describeDataset(set, describeSource(set, flags));
    // TensorFlow.js takes a second to load: only where it is used.
    const evidence = flags.networks
      ? await (await import('./evidence-networks.ts')).collectNetworkEvidence(
          flags,
          set,
          root,
          context,
          progress,
        )
      : await collectHeads(flags, set, root, progress);
    progress.stop();
    const bytes = encodeEvidence(evidence);
    replaceFile(flags.out, bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    context.stdout.write(`${digest}  ${flags.out}\n`);
    context.stderr.write(
      `${evidence.header.kind}: ${set.count} rows, ${flags.folds} folds, ${bytes.length.toLocaleString('en')} bytes\n`,
    );
  } finally {
    progress.stop();
  }
};

export const addEvidence = (program: Command, context: CommandContext): void => {
  addDatasetFlags(program.command('evidence'))
    .description(
      'write what an auditor needs to look for poison and label errors: out-of-fold probabilities, embeddings, margins',
    )
    .requiredOption('--data <path>', 'labelled faces: FER-2013 CSV, folder of raw arrays, or image folder')
    .requiredOption('--out <file>', 'evidence file to write')
    .option(
      '--bundle <folder>',
      'bundle whose embeddings are used (default: the shipped one)',
      shippedBundle(),
    )
    .option(
      '--folds <n>',
      'parts; each is judged by what was trained on the others',
      parseCount('folds', 2),
      4,
    )
    .option(
      '--epochs <n>',
      'passes over the rows (default: 20 for heads, 30 for networks)',
      parseCount('epochs'),
    )
    .option('--seed <text>', 'fixes every random choice', 'testigo')
    .option('--threads <n>', 'CPU threads', parseCount('threads'), 2)
    .option('--networks', 'train a whole network for each fold, and one on all rows: for a GPU')
    .option(
      '--network <name>',
      'with --networks: mission or compact',
      parseChoice('network', ['mission', 'compact'] as const),
      'compact',
    )
    .option(
      '--backend <name>',
      `with --networks: ${BACKENDS.join(', ')} (default: the best there is)`,
      parseChoice('backend', BACKENDS),
    )
    .option(
      '--processes <n>',
      'with --networks: networks trained at a time (default: the NVIDIA cards that are seen, at least 1)',
      parseCount('processes'),
    )
    .addHelpText(
      'after',
      `
The file's SHA-256 goes to stdout: an auditor names it in the verdict. The format is docs/spec/evidence-file.md.
By default linear heads on the bundle's embeddings: minutes on a CPU. --networks says more and takes minutes on a GPU,
hours on a CPU; how long is told after the first steps.
Example:
  testigo-model evidence --data fer2013.csv --out fer2013.evidence
  testigo-audit dataset --samples fer2013.csv --evidence fer2013.evidence`,
    )
    .action((flags: EvidenceFlags) => run(flags, context));
};
