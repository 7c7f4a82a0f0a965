import { parseDatasetManifest, parseDsse } from '@testigo/trail';
import type { Command } from 'commander';
import { calibrationOf, formatCalibration } from '../bundle/calibrated.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, parseChoice } from './context.ts';

type InfoFlags = { readonly bundle: string; readonly format: 'text' | 'json'; readonly card?: boolean };

const run = (flags: InfoFlags, context: CommandContext): void => {
  const contents = readBundle(flags.bundle);
  const { manifest } = contents;
  const statement = parseDatasetManifest(
    Buffer.from(parseDsse(JSON.parse(contents.datasetEnvelope)).payload, 'base64'),
  );
  if (flags.format === 'json') {
    context.stdout.write(
      `${JSON.stringify({ modelVersion: contents.modelVersion, manifest, dataset: statement }, null, 2)}\n`,
    );
    return;
  }
  if (flags.card) {
    context.stdout.write(new TextDecoder().decode(contents.files.get('card.md')));
    return;
  }
  const total = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const lines = [
    `model version  ${contents.modelVersion}`,
    `name           ${manifest.name} (${manifest.architecture}, ${manifest.parameters.toLocaleString('en')} parameters)`,
    `labels         ${manifest.labels.join(', ')}`,
    `trained        ${new Date(manifest.training.trainedAt * 1000).toISOString().slice(0, 10)}, ${manifest.training.epochs} epochs, ${manifest.training.backend}, seed ${manifest.training.seed}`,
    `dataset        ${statement.predicate.name}, ${statement.predicate.size} samples, root ${manifest.dataset.root}`,
    `               trained on ${statement.predicate.selection.size} of them, root ${manifest.dataset.selection}`,
    `calibration    ${formatCalibration(calibrationOf(manifest))}`,
    ...Object.entries(manifest.evaluation).map(
      ([name, ppm]) => `evaluation     ${name} ${(ppm / 1e6).toFixed(4)}`,
    ),
    `files          ${manifest.files.length}, ${total.toLocaleString('en')} bytes, every digest verified`,
    ...manifest.files.map(
      (file) =>
        `               ${file.sha256.slice(0, 16)}…  ${file.name} (${file.bytes.toLocaleString('en')} bytes)`,
    ),
  ];
  context.stdout.write(`${lines.join('\n')}\n`);
};

export const addInfo = (program: Command, context: CommandContext): void => {
  program
    .command('info')
    .description('verify a bundle and say what it is: version, dataset, calibration, files')
    .option('--bundle <folder>', 'model bundle (default: the shipped one)', shippedBundle())
    .option('--format <form>', 'text or json', parseChoice('format', ['text', 'json'] as const), 'text')
    .option('--card', 'print the model card')
    .action((flags: InfoFlags) => run(flags, context));
};
