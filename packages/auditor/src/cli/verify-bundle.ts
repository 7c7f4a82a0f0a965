import {
  type EvidenceBundle,
  fromBase64,
  openNote,
  parseCheckpoint,
  parseModelManifest,
  parseRecord,
  type TrailRecord,
} from '@testigo/trail';
import type { ChainAnswer } from '../chain/facts.ts';
import { DATASET_FILE, MANIFEST_FILE, type ModelBundle } from '../files/model-folder.ts';
import { readSamples } from '../files/read-samples.ts';
import { findAnchorProofs } from '../log/anchor-proofs.ts';
import { buildTimeline } from '../report/build-timeline.ts';
import type { AuditReport } from '../report/report.ts';
import { baseOf } from '../trail/tile-source.ts';
import type { Trust } from '../trust/trust-file.ts';
import type { AnchorProof } from '../verify/check-anchor.ts';
import type { Provenance } from '../verify/check-provenance.ts';
import { describeSamples } from '../verify/check-samples.ts';
import { attempt } from '../verify/checked.ts';
import { modelNamedBy } from '../verify/model-claim.ts';
import { traceInclusion } from '../verify/trace-inclusion.ts';
import { planLookup, verifyEvidence } from '../verify/verify-evidence.ts';
import { describeVerifiedOf, listUncheckedOf } from './describe-scope.ts';
import { finishAudit } from './finish.ts';
import type { Io } from './io.ts';
import { lookUpFacts } from './look-up.ts';
import type { ChainOptions, OutputOptions } from './options.ts';
import type { Progress } from './progress.ts';

export interface VerifyOptions extends OutputOptions, ChainOptions {
  readonly model: readonly string[];
  readonly samples?: string;
  readonly record?: string;
  readonly log?: string;
}

/** What every kind of target is verified with. */
export interface VerifyContext {
  readonly io: Io;
  readonly options: VerifyOptions;
  readonly trust: Trust | undefined;
  readonly progress: Progress;
  readonly models: readonly ModelBundle[];
}

/** Verifies one record from its evidence bundle and reports. */
export async function auditBundle(
  { io, options, trust, progress, models }: VerifyContext,
  given: EvidenceBundle,
  name: string,
): Promise<number> {
  const read = attempt(() => parseRecord(fromBase64(given.record)));
  const record = 'value' in read ? read.value : undefined;
  const modelVersion = record && modelNamedBy(record);
  const matching = models.find(({ version }) => version === modelVersion);
  const model = matching ?? models[0];
  const bundle = { ...manifestsOf(matching), ...given };
  const plan = planLookup(bundle);
  const samples =
    options.samples === undefined
      ? undefined
      : await readSamples(options.samples, describeSamples(bundle.datasetEnvelope));
  progress.step('reading the chain');
  const chain = await lookUpFacts(io, options, trust, { covering: bundle.leafIndex, ...plan });
  const findings = verifyEvidence({
    bundle,
    trust,
    chain,
    proofs: await makeProofs(bundle, chain, options.log),
    ...(options.record !== undefined && { recordId: options.record }),
    ...(model && { modelFolder: model.folder }),
    sources: sourcesOf(matching, given),
    ...(samples && { samples }),
  });
  progress.end();
  return finishAudit(io, options, {
    command: 'verify',
    subject: `${name}, record at index ${bundle.leafIndex}`,
    findings,
    notChecked: listUncheckedOf(record, bundle, options, findings),
    verifiedMeans: describeVerifiedOf(record, findings),
    extras: picture(bundle, chain, record),
  });
}

/** A model bundle at hand fills in the manifests that an evidence bundle leaves out. */
const manifestsOf = ({ modelManifest, datasetEnvelope }: Partial<ModelBundle> = {}) => ({
  ...(modelManifest !== undefined && { modelManifest }),
  ...(datasetEnvelope !== undefined && { datasetEnvelope }),
});

/** Where the manifests come from: the evidence bundle that has them, or the model bundle. */
export function sourcesOf(
  model: ModelBundle | undefined,
  given: Partial<EvidenceBundle> = {},
): NonNullable<Provenance['sources']> {
  const dir = model?.folder.source;
  const inFolder = (file: string) => (dir === undefined ? 'command line: --model' : `${dir}/${file}`);
  return {
    manifest: given.modelManifest === undefined ? inFolder(MANIFEST_FILE) : 'bundle: modelManifest',
    envelope: given.datasetEnvelope === undefined ? inFolder(DATASET_FILE) : 'bundle: datasetEnvelope',
  };
}

function picture(
  bundle: EvidenceBundle,
  chain: ChainAnswer,
  record: TrailRecord | undefined,
): Pick<AuditReport, 'timeline' | 'proofPath'> {
  const traced = attempt(() => {
    const { size } = parseCheckpoint(openNote(bundle.checkpoint, []).body);
    return traceInclusion(bundle, size);
  });
  const manifest = attempt(() => parseModelManifest(fromBase64(bundle.modelManifest ?? '')));
  const timeline = buildTimeline({
    records: record === undefined ? [] : [{ record, what: `${record.type}, as the record says` }],
    manifests: 'value' in manifest ? [manifest.value] : [],
    facts: chain.status === 'read' ? [chain.facts] : [],
  });
  return { ...(timeline.length > 0 && { timeline }), ...('value' in traced && { proofPath: traced.value }) };
}

/** Where the bundle has no proof to an anchor, the log may have what it takes to make one. */
async function makeProofs(
  bundle: EvidenceBundle,
  chain: ChainAnswer,
  log: string | undefined,
): Promise<AnchorProof[]> {
  if (log === undefined || bundle.anchor !== undefined) return [];
  const size = attempt(() => parseCheckpoint(openNote(bundle.checkpoint, []).body).size);
  return 'value' in size ? findAnchorProofs(baseOf(log), size.value, bundle.leafIndex, chain) : [];
}
