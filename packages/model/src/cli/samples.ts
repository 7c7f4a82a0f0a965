import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import {
  datasetRootOf,
  encodeSample,
  fromBase64,
  parseDatasetManifest,
  parseDsse,
  type Sample,
  toHex,
} from '@testigo/trail';
import type { Command } from 'commander';
import { readBundle } from '../bundle/read-bundle.ts';
import { samplesOf } from '../data/dataset.ts';
import { loadFaces } from '../data/load-faces.ts';
import { ModelError } from '../errors.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import type { CommandContext } from './context.ts';

type SamplesFlags = { readonly data: string; readonly bundle: string; readonly out: string };

/** Atomic: a file under the asked-for name is whole. */
const writeLines = async (path: string, samples: readonly Sample[]): Promise<void> => {
  const partial = `${path}.part`;
  const stream = createWriteStream(partial);
  for (const sample of samples) {
    stream.write(encodeSample(sample));
    if (!stream.write('\n')) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
  await rename(partial, path);
};

const run = async (flags: SamplesFlags, context: CommandContext): Promise<void> => {
  const { datasetEnvelope, manifest } = readBundle(flags.bundle);
  const { predicate } = parseDatasetManifest(fromBase64(parseDsse(JSON.parse(datasetEnvelope)).payload));
  const set = await loadFaces(flags.data);
  const { selection: _, ...described } = predicate;
  const samples = samplesOf(set, described);
  const root = toHex(datasetRootOf(samples));
  if (root !== manifest.dataset.root) {
    throw new ModelError('dataset-differs', {
      path: flags.data,
      seen: root,
      expected: manifest.dataset.root,
    });
  }
  await writeLines(flags.out, samples);
  context.stderr.write(`${samples.length} samples, root ${root}: the dataset of this bundle\n`);
};

export const addSamples = (program: Command, context: CommandContext): void => {
  program
    .command('samples')
    .description("write a dataset's samples (digests and labels, no pictures) for an auditor to check")
    .requiredOption('--data <path>', 'the data that the bundle was trained on')
    .requiredOption('--out <file>', 'one canonical sample a line')
    .option(
      '--bundle <folder>',
      'model bundle whose dataset it is (default: the shipped one)',
      shippedBundle(),
    )
    .action((flags: SamplesFlags) => run(flags, context));
};
