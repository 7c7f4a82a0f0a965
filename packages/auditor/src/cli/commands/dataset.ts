import {
  DATASET_PAYLOAD_TYPE,
  datasetRootIn,
  openDsse,
  parseDatasetManifest,
  parseDsse,
} from '@testigo/trail';
import type { Command } from 'commander';
import { AuditError } from '../../errors.ts';
import { compareSamples } from '../../files/compare-samples.ts';
import type { SampleHeader } from '../../files/fer-csv-samples.ts';
import { readText } from '../../files/read-file.ts';
import { readSamples } from '../../files/read-samples.ts';
import {
  addPoisoningOptions,
  isPoisoningAudit,
  type PoisoningOptions,
} from '../../poisoning/dataset-options.ts';
import { describeSamples } from '../../verify/check-samples.ts';
import { attempt } from '../../verify/checked.ts';
import { type DatasetInput, verifyDataset } from '../../verify/verify-dataset.ts';
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

export interface DatasetOptions extends OutputOptions, ChainOptions {
  readonly manifest?: string;
  readonly root?: string;
  readonly samples?: string;
  readonly approvedSamples?: string;
}

export function addDatasetCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('dataset')
    .description(
      'check a dataset: who signed and approved it, whether the samples are the approved ones; with samples alone or with evidence, whether they are poisoned',
    )
    .option('--manifest <file>', 'signed dataset manifest (DSSE envelope)')
    .option('--root <hash>', 'the dataset root you asked for; another one fails', parseHash)
    .option('--samples <file>', 'samples at hand: one a line, or a FER-2013 CSV')
    .option(
      '--approved-samples <file>',
      'a copy of the approved samples: names each label and image that changed',
    );
  addOutputOptions(addChainOptions(addPoisoningOptions(command))).action(
    (options: DatasetOptions & PoisoningOptions) =>
      run(async () => {
        if (!isPoisoningAudit(options)) return auditDataset(io, options);
        // the detectors load only when asked for: the other commands must start fast
        const { runDataset } = await import('../../poisoning/run-dataset.ts');
        return runDataset(io, options);
      }),
  );
}

async function auditDataset(io: Io, options: DatasetOptions): Promise<number> {
  if (options.manifest === undefined && options.root === undefined) {
    throw new AuditError('usage', 'dataset needs --manifest FILE or --root HASH');
  }
  const trust = await readTrust(options);
  const envelope = options.manifest === undefined ? undefined : await readText(options.manifest);
  const root = options.root ?? readRoot(envelope) ?? '0'.repeat(64);
  const header = describeSamples(envelope);
  const chain = await lookUpFacts(io, options, trust, { datasetRoot: root });
  const { samples, approved } = await readBoth(options, header);
  const findings = verifyDataset({
    envelope,
    source: options.manifest ?? 'command line: --manifest',
    root,
    trust,
    chain,
    ...(samples && { samples }),
    ...(approved && { approved }),
  });
  return finishAudit(io, options, {
    command: 'dataset',
    subject: `dataset ${root}`,
    findings,
    notChecked:
      options.samples === undefined ? ['the samples and their labels: pass them with --samples FILE'] : [],
    verifiedMeans: `A pinned custodian signed this dataset, and it is approved on chain${samples === undefined ? '' : '; every sample at hand is the one that was approved'}.`,
    extras: { counts: { samples: samples?.size ?? 0, 'samples changed': approved?.changes.length ?? 0 } },
  });
}

async function readBoth(
  { samples, approvedSamples }: DatasetOptions,
  header: SampleHeader | undefined,
): Promise<Pick<DatasetInput, 'samples' | 'approved'>> {
  const set = samples === undefined ? undefined : await readSamples(samples, header);
  if (approvedSamples === undefined) return set === undefined ? {} : { samples: set };
  const approvedSet = await readSamples(approvedSamples, header);
  const changes = samples === undefined ? [] : await compareSamples(approvedSamples, samples, header);
  return { ...(set && { samples: set }), approved: { set: approvedSet, changes } };
}

/** The manifest's own root, unsigned or not: it only decides what to look up. */
function readRoot(envelope: string | undefined): string | undefined {
  const read = attempt(() => {
    const { payload } = openDsse(parseDsse(JSON.parse(envelope ?? '')), DATASET_PAYLOAD_TYPE, []);
    return datasetRootIn(parseDatasetManifest(payload));
  });
  return 'value' in read ? read.value : undefined;
}
