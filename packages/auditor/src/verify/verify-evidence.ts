import {
  type Checkpoint,
  type EvidenceBundle,
  type Finding,
  fromBase64,
  logIdOf,
  openNote,
  parseCheckpoint,
  parseModelManifest,
  parseRecord,
  type TrailRecord,
  toHex,
} from '@testigo/trail';
import type { ChainAnswer } from '../chain/facts.ts';
import type { ModelFolder } from '../files/model-folder.ts';
import { makeFinding } from '../findings/table.ts';
import type { Trust } from '../trust/trust-file.ts';
import { type AnchorProof, checkAnchor, checkAnchorClaim } from './check-anchor.ts';
import { checkChain } from './check-chain.ts';
import { checkCheckpoint } from './check-checkpoint.ts';
import { checkDisclosures } from './check-disclosures.ts';
import { checkInclusion } from './check-inclusion.ts';
import { checkProvenance, checkShown, type Provenance } from './check-provenance.ts';
import { checkRecord } from './check-record.ts';
import type { SampleSet } from './check-samples.ts';
import { attempt } from './checked.ts';
import { modelClaimOf, refusedModelOf } from './model-claim.ts';

/** Everything the verification looks at: plain data, read beforehand. */
export interface EvidenceInput {
  readonly bundle: EvidenceBundle;
  readonly trust: Trust | undefined;
  readonly chain: ChainAnswer;
  /** The id of the record that the auditor asked for. */
  readonly recordId?: string;
  /** Consistency proofs made from the log's own tiles. */
  readonly proofs?: readonly AnchorProof[];
  readonly modelFolder?: ModelFolder;
  /** Where the manifests come from; by default from the bundle. */
  readonly sources?: Provenance['sources'];
  readonly samples?: SampleSet;
}

/** Walks record → proof → checkpoint → anchor → model → dataset → samples, and skips nothing. */
export function verifyEvidence(input: EvidenceInput): Finding[] {
  const { bundle, trust } = input;
  const record = checkRecord(bundle, input.recordId);
  const checkpoint = checkCheckpoint(bundle.checkpoint, trust);
  const inclusion = checkInclusion(bundle, record.value?.leafHash, checkpoint.value);
  const chain = checkChain(input.chain, trust);
  const anchor = checkAnchorOf(input, checkpoint.value, chain);
  const rest = record.value === undefined ? [] : checkContent(input, record.value.record, chain.value);
  return [...record.findings, ...inclusion.findings, ...checkpoint.findings, ...anchor, ...rest];
}

function checkAnchorOf(
  input: EvidenceInput,
  checkpoint: Checkpoint | undefined,
  chain: ReturnType<typeof checkChain>,
): readonly Finding[] {
  const { bundle, trust } = input;
  if (checkpoint === undefined) return [makeFinding('anchor-unchecked', { source: 'bundle: checkpoint' })];
  const claim = bundle.anchor;
  const misplaced = claim && trust && checkAnchorClaim(claim, checkpoint, trust);
  if (misplaced !== undefined) return [misplaced];
  if (chain.value === undefined) return chain.findings;
  return [
    checkAnchor({ leafIndex: bundle.leafIndex, checkpoint, claim, proofs: input.proofs ?? [] }, chain.value),
  ];
}

function checkContent(
  input: EvidenceInput,
  record: TrailRecord,
  facts: ReturnType<typeof checkChain>['value'],
): Finding[] {
  const { bundle, trust, modelFolder, samples } = input;
  const disclosures = checkDisclosures(bundle, record);
  const claim = modelClaimOf(record);
  const refused = refusedModelOf(record);
  const { modelManifest, datasetEnvelope } = bundle;
  const shown = { modelManifest, datasetEnvelope, sources: input.sources, modelFolder, samples };
  if (claim !== undefined) return [...checkProvenance(claim, shown, trust, facts), ...disclosures];
  return refused === undefined ? disclosures : [...checkShown(refused, shown), ...disclosures];
}

/** What to look up on chain before the evidence can be judged. Unreadable parts are left out, and found out later. */
export function planLookup(bundle: EvidenceBundle): {
  logId?: string;
  modelVersion?: string;
  datasetRoot?: string;
} {
  const origin = attempt(() => parseCheckpoint(openNote(bundle.checkpoint, []).body).origin);
  const claim = attempt(() => modelClaimOf(parseRecord(fromBase64(bundle.record))));
  const named = attempt(() => parseModelManifest(fromBase64(bundle.modelManifest ?? '')).dataset.root);
  const { modelVersion, datasetRoot = 'value' in named ? named.value : undefined } =
    ('value' in claim ? claim.value : undefined) ?? {};
  return {
    ...('value' in origin && { logId: toHex(logIdOf(origin.value)) }),
    ...(modelVersion !== undefined && { modelVersion, ...(datasetRoot !== undefined && { datasetRoot }) }),
  };
}
