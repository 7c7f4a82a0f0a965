import {
  type EvidenceBundle,
  type Finding,
  openNote,
  parseCheckpoint,
  parseEvidenceBundle,
} from '@testigo/trail';
import type { Command } from 'commander';
import type { ChainAnswer } from '../../chain/facts.ts';
import { readModelFolder } from '../../files/model-folder.ts';
import { readBytes } from '../../files/read-file.ts';
import { readSamples } from '../../files/read-samples.ts';
import { makeFinding } from '../../findings/table.ts';
import { proveAnchor } from '../../log/anchor-proofs.ts';
import { buildTimeline } from '../../report/build-timeline.ts';
import type { AuditReport } from '../../report/report.ts';
import { baseOf } from '../../trail/tile-source.ts';
import type { AnchorProof } from '../../verify/check-anchor.ts';
import { describeSamples } from '../../verify/check-samples.ts';
import { attempt } from '../../verify/checked.ts';
import { traceInclusion } from '../../verify/trace-inclusion.ts';
import { planLookup, verifyEvidence } from '../../verify/verify-evidence.ts';
import { finishAudit } from '../finish.ts';
import type { Io, Run } from '../io.ts';
import { lookUpFacts } from '../look-up.ts';
import {
  addChainOptions,
  addOutputOptions,
  type ChainOptions,
  type OutputOptions,
  parseRecordId,
  readTrust,
} from '../options.ts';
import { createProgress } from '../progress.ts';

interface VerifyOptions extends OutputOptions, ChainOptions {
  readonly model?: string;
  readonly samples?: string;
  readonly record?: string;
  readonly log?: string;
}

export function addVerifyCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('verify')
    .description(
      'verify one record from its evidence bundle: record, proof, checkpoint, anchor, model, dataset',
    )
    .argument('<bundle>', 'evidence bundle file')
    .option('--record <id>', 'the record you asked for; another one in the bundle fails', parseRecordId)
    .option('--model <dir>', 'model bundle folder: compare the weights with the registered digests')
    .option('--log <location>', 'URL or folder of the log: make a missing proof to the anchor from its tiles')
    .option('--samples <file>', 'samples, one a line or as a FER-2013 CSV: compare images and labels');
  addOutputOptions(addChainOptions(command)).action((bundle: string, options: VerifyOptions) =>
    run(() => runVerify(io, bundle, options)),
  );
}

async function runVerify(io: Io, path: string, options: VerifyOptions): Promise<number> {
  const progress = createProgress(io, options.quiet === true);
  const bytes = await readBytes(path);
  const trust = await readTrust(options);
  const read = attempt(() => parseEvidenceBundle(bytes));
  if ('reason' in read) {
    const findings = [makeFinding('bundle-malformed', { seen: read.reason, source: path })];
    return finishAudit(io, options, {
      command: 'verify',
      subject: path,
      findings,
      notChecked: [],
      verifiedMeans: '',
    });
  }
  const bundle = read.value;
  progress.step('reading files');
  const modelFolder = options.model === undefined ? undefined : await readModelFolder(options.model);
  const samples =
    options.samples === undefined
      ? undefined
      : await readSamples(options.samples, describeSamples(bundle.datasetEnvelope));
  progress.step('reading the chain');
  const chain = await lookUpFacts(io, options, trust, { covering: bundle.leafIndex, ...planLookup(bundle) });
  const findings = verifyEvidence({
    bundle,
    trust,
    chain,
    proofs: await makeProofs(bundle, chain, options.log),
    ...(options.record !== undefined && { recordId: options.record }),
    ...(modelFolder && { modelFolder }),
    ...(samples && { samples }),
  });
  progress.end();
  const subject = `${path}, record at index ${bundle.leafIndex}`;
  const notChecked = listUnchecked(options, bundle);
  return finishAudit(io, options, {
    command: 'verify',
    subject,
    findings,
    notChecked,
    verifiedMeans: describeVerified(findings),
    extras: picture(bundle, chain),
  });
}

function picture(bundle: EvidenceBundle, chain: ChainAnswer): Pick<AuditReport, 'timeline' | 'proofPath'> {
  const traced = attempt(() => {
    const { size } = parseCheckpoint(openNote(bundle.checkpoint, []).body);
    return traceInclusion(bundle, size);
  });
  const facts = chain.status === 'read' ? chain.facts : undefined;
  const timeline = buildTimeline(bundle, facts);
  return { ...(timeline.length > 0 && { timeline }), ...('value' in traced && { proofPath: traced.value }) };
}

/** Where the bundle has no proof to an anchor, the log may have what it takes to make one. */
async function makeProofs(
  bundle: EvidenceBundle,
  chain: ChainAnswer,
  log: string | undefined,
): Promise<AnchorProof[]> {
  if (log === undefined || bundle.anchor !== undefined || chain.status !== 'read') return [];
  const anchor = chain.facts.anchors.find(({ size }) => size > bundle.leafIndex);
  if (anchor === undefined) return [];
  try {
    const { size } = parseCheckpoint(openNote(bundle.checkpoint, []).body);
    return [await proveAnchor(baseOf(log), size, anchor)];
  } catch {
    // No proof from the log is no proof at all: the verification then says which one is missing.
    return [];
  }
}

function listUnchecked(options: VerifyOptions, bundle: EvidenceBundle): string[] {
  return [
    options.model === undefined && 'the weights: pass the model bundle with --model DIR',
    options.samples === undefined && 'the training samples and their labels: pass them with --samples FILE',
    bundle.disclosures.length === 0 && 'what the model read: the bundle discloses no field',
  ].filter((line) => line !== false);
}

function describeVerified(findings: readonly Finding[]): string {
  const codes = new Set(findings.map((finding) => finding.code));
  const parts = [
    'This record is in the log and the log is anchored on chain',
    codes.has('model-registered') && 'its model is registered',
    codes.has('dataset-approved') && 'the training data is signed and approved',
    codes.has('samples-match') && 'every sample is the one that was approved',
  ].filter((part) => part !== false);
  return `${parts.slice(0, -1).join(', ')}${parts.length > 1 ? ', and ' : ''}${parts.at(-1)}.`;
}
