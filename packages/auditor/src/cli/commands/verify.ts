import { parseEvidenceBundle } from '@testigo/trail';
import { type Command, Option } from 'commander';
import { AuditError } from '../../errors.ts';
import { readModelBundle } from '../../files/model-folder.ts';
import { readBytes } from '../../files/read-file.ts';
import { makeFinding } from '../../findings/table.ts';
import { attempt } from '../../verify/checked.ts';
import { parseTarget } from '../../verify/target.ts';
import { finishAudit } from '../finish.ts';
import type { Io, Run } from '../io.ts';
import { addChainOptions, addOutputOptions, parseRecordId, readTrust } from '../options.ts';
import { createProgress } from '../progress.ts';
import { auditBundle, type VerifyContext, type VerifyOptions } from '../verify-bundle.ts';
import { auditInLog } from '../verify-in-log.ts';

export function addVerifyCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('verify')
    .description('verify a record, a session or a range: record, proof, checkpoint, anchor, model, dataset')
    .argument(
      '<target>',
      'evidence bundle file; or, with --log, a record hash, the id of a session or record, or FIRST..LAST',
    )
    .option('--record <id>', 'the record you asked for; another one in the bundle fails', parseRecordId)
    .addOption(
      new Option('--model <dir>', 'model bundle folder: manifests and weights; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--log <location>', 'URL or folder of the log: where targets and proofs are read from')
    .option('--samples <file>', 'samples, one a line or as a FER-2013 CSV: compare images and labels');
  addOutputOptions(addChainOptions(command)).action((target: string, options: VerifyOptions) =>
    run(() => verify(io, target, options)),
  );
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

async function verify(io: Io, text: string, options: VerifyOptions): Promise<number> {
  const target = parseTarget(text);
  const { log } = options;
  if (target.kind !== 'bundle' && log === undefined)
    throw new AuditError('usage', 'a record, a session or a range is read from its log: pass --log URL');
  if (target.kind !== 'bundle' && options.record !== undefined)
    throw new AuditError(
      'usage',
      '--record names the record that a bundle must hold; this target needs none',
    );
  const progress = createProgress(io, options.quiet === true);
  const bytes = target.kind === 'bundle' ? await readBytes(target.path) : undefined;
  progress.step('reading files');
  const trust = await readTrust(options);
  const models = [];
  for (const dir of options.model) models.push(await readModelBundle(dir));
  const context: VerifyContext = { io, options, trust, progress, models };
  if (target.kind !== 'bundle') return auditInLog(context, target, log as string);
  const read = attempt(() => parseEvidenceBundle(bytes as Uint8Array));
  if ('value' in read) return auditBundle(context, read.value, target.path);
  return finishAudit(io, options, {
    command: 'verify',
    subject: target.path,
    findings: [makeFinding('bundle-malformed', { seen: read.reason, source: target.path })],
    notChecked: [],
    verifiedMeans: '',
  });
}
