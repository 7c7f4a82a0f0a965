import type { Finding } from '@testigo/trail';
import type { RegistryFacts } from '../chain/facts.ts';
import type { ModelFolder } from '../files/model-folder.ts';
import type { Trust } from '../trust/trust-file.ts';
import { checkApproval, checkEnvelope, checkShownEnvelope, type DatasetClaim } from './check-dataset.ts';
import { checkFolderManifest, checkManifest, checkModelFiles, checkRegistration } from './check-model.ts';
import { checkSamples, type SampleSet } from './check-samples.ts';
import type { ModelClaim } from './model-claim.ts';

/** What there is to show where a reading came from: from an evidence bundle or from a model bundle. */
export interface Provenance {
  /** Canonical model manifest, base64. */
  readonly modelManifest?: string | undefined;
  readonly datasetEnvelope?: string | undefined;
  /** Where the two manifests come from; by default from the evidence bundle. */
  readonly sources?: { readonly manifest: string; readonly envelope: string } | undefined;
  readonly modelFolder?: ModelFolder | undefined;
  readonly samples?: SampleSet | undefined;
}

const BUNDLE = { manifest: 'bundle: modelManifest', envelope: 'bundle: datasetEnvelope' };

/** Walks model → dataset → samples for what a record says about its model. */
export function checkProvenance(
  claim: ModelClaim,
  { modelManifest, datasetEnvelope, sources = BUNDLE, modelFolder, samples }: Provenance,
  trust: Trust | undefined,
  facts: RegistryFacts | undefined,
): Finding[] {
  const manifest = checkManifest(modelManifest, claim, sources.manifest);
  const files =
    modelFolder === undefined ? [] : checkModelFiles(manifest.value, claim.modelVersion, modelFolder);
  const model = [...manifest.findings, checkRegistration(claim, facts), ...files];
  const dataset = datasetClaimOf(claim, manifest.value?.dataset);
  if (dataset === undefined) return model;
  const envelope = checkEnvelope(datasetEnvelope, dataset, trust, sources.envelope);
  const approval = checkApproval(dataset, envelope.value, facts);
  const compared = samples === undefined ? [] : checkSamples(samples, dataset, envelope.value?.statement);
  return [...model, ...envelope.findings, approval, ...compared];
}

/**
 * What is shown of a model that nothing was read by must still be of that model. No more is asked, and none of it is
 * verified: registration, weights and data are not conditions of a refusal, which may be there for the want of them.
 */
export function checkShown(
  modelVersion: string,
  { modelManifest, datasetEnvelope, sources = BUNDLE, modelFolder }: Provenance,
): Finding[] {
  const folder = modelFolder === undefined ? [] : checkFolderManifest(modelVersion, modelFolder);
  if (modelManifest === undefined) return folder;
  const manifest = checkManifest(modelManifest, { modelVersion }, sources.manifest);
  const dataset = datasetClaimOf({ modelVersion }, manifest.value?.dataset);
  const isEnvelopeJudged = datasetEnvelope !== undefined && dataset !== undefined;
  const envelope = isEnvelopeJudged ? checkShownEnvelope(datasetEnvelope, dataset, sources.envelope) : [];
  return [...manifest.findings, ...folder, ...envelope];
}

interface NamedDataset {
  readonly root: string;
  readonly size: number;
  readonly manifest: string;
}

function datasetClaimOf(claim: ModelClaim, named: NamedDataset | undefined): DatasetClaim | undefined {
  const datasetRoot = claim.datasetRoot ?? named?.root;
  if (datasetRoot === undefined) return undefined;
  const datasetSize = claim.datasetSize ?? named?.size;
  return {
    datasetRoot,
    ...(datasetSize !== undefined && { datasetSize }),
    ...(named?.root === datasetRoot && { manifestDigest: named.manifest }),
  };
}
