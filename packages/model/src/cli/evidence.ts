import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { openBundle } from '../bundle/classifier.ts';
import { describeDataset } from '../data/dataset.ts';
import { loadFaces } from '../data/load-faces.ts';
import { ModelError } from '../errors.ts';
import { collectHeadEvidence } from '../evidence/collect.ts';
import { encodeEvidence } from '../evidence/evidence-file.ts';
import { UNLABELLED } from '../labels.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, parseCount } from './context.ts';
import { startProgress } from './progress.ts';

type EvidenceFlags = {
  readonly data: string;
  readonly out: string;
  readonly bundle: string;
  readonly folds: number;
  readonly epochs: number;
  readonly seed: string;
  readonly threads: number;
  readonly datasetName: string;
  readonly licence: string;
};

const run = async (flags: EvidenceFlags, context: CommandContext): Promise<void> => {
  const classifier = await openBundle(flags.bundle, { threads: flags.threads });
  const progress = startProgress(context, 'evidence');
  try {
    const set = await loadFaces(flags.data);
    if (set.labels.includes(UNLABELLED))
      throw new ModelError('labels-missing', { path: set.source, need: 'evidence' });
    const { root } = describeDataset(set, {
      name: flags.datasetName,
      licence: flags.licence,
      sources: [flags.datasetName],
      collectedAt: 0,
    });
    const evidence = await collectHeadEvidence(classifier, set, {
      seed: flags.seed,
      folds: flags.folds,
      epochs: flags.epochs,
      datasetRoot: root,
      onProgress: progress.update,
    });
    progress.stop();
    const bytes = encodeEvidence(evidence);
    writeFileSync(`${flags.out}.part`, bytes);
    renameSync(`${flags.out}.part`, flags.out);
    const digest = createHash('sha256').update(bytes).digest('hex');
    context.stdout.write(`${digest}  ${flags.out}\n`);
    context.stderr.write(
      `${evidence.header.kind}: ${set.count} rows, ${flags.folds} folds, ${bytes.length.toLocaleString('en')} bytes\n`,
    );
  } finally {
    progress.stop();
    await classifier.close();
  }
};

export const addEvidence = (program: Command, context: CommandContext): void => {
  program
    .command('evidence')
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
    .option('--folds <n>', 'parts; each is judged by a head trained on the others', parseCount('folds', 2), 4)
    .option('--epochs <n>', 'passes over the rows for each head', parseCount('epochs'), 20)
    .option('--seed <text>', 'fixes the order of the rows', 'testigo')
    .option('--threads <n>', 'CPU threads', parseCount('threads'), 2)
    .option('--dataset-name <token>', 'name in the sample ids, as in the dataset manifest', 'fer2013')
    .option('--licence <token>', 'licence in the samples, as in the dataset manifest', 'research-only')
    .addHelpText(
      'after',
      `
The file's SHA-256 goes to stdout: an auditor names it in the verdict. The format is docs/spec/evidence-file.md.
Example:
  testigo-model evidence --data fer2013.csv --out fer2013.evidence
  testigo-audit dataset --samples fer2013.csv --evidence fer2013.evidence`,
    )
    .action((flags: EvidenceFlags) => run(flags, context));
};
