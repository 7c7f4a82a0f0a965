import { parseModelManifest } from '@testigo/trail';
import type { Command } from 'commander';
import { readModelBundle } from '../../files/model-folder.ts';
import { attempt } from '../../verify/checked.ts';
import { verifyModel } from '../../verify/verify-model.ts';
import { finishAudit } from '../finish.ts';
import type { Io, Run } from '../io.ts';
import { lookUpFacts } from '../look-up.ts';
import {
  addChainOptions,
  addOutputOptions,
  type ChainOptions,
  type OutputOptions,
  parseHash,
  readTrust,
} from '../options.ts';

interface ModelOptions extends OutputOptions, ChainOptions {
  readonly expect?: string;
}

export function addModelCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('model')
    .description('check a model bundle: weights, manifest, dataset manifest, registration')
    .argument('<dir>', 'model bundle folder')
    .option('--expect <digest>', 'the model version you asked for; another one fails', parseHash);
  addOutputOptions(addChainOptions(command)).action((dir: string, options: ModelOptions) =>
    run(() => auditModel(io, dir, options)),
  );
}

async function auditModel(io: Io, dir: string, options: ModelOptions): Promise<number> {
  const trust = await readTrust(options);
  const { folder, version, datasetEnvelope: envelope } = await readModelBundle(dir);
  const read = attempt(() => parseModelManifest(folder.manifest ?? new Uint8Array(0)));
  const chain = await lookUpFacts(io, options, trust, {
    ...(version !== undefined && { modelVersion: options.expect ?? version }),
    ...('value' in read && { datasetRoot: read.value.dataset.root }),
  });
  const expected = options.expect === undefined ? {} : { expectedVersion: options.expect };
  const findings = verifyModel({ folder, envelope, trust, chain, ...expected });
  return finishAudit(io, options, {
    command: 'model',
    subject: `${dir}${version === undefined ? '' : `, model version ${version}`}`,
    findings,
    notChecked: [
      'the training samples: testigo-audit dataset',
      'whether the model gives the logged readings: testigo-audit replay',
    ],
    verifiedMeans:
      'These files are the model that is registered on chain, trained on data that its custodian signed and approved.',
  });
}
