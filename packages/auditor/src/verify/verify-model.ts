import { type Finding, type ModelManifest, modelVersionOf, toHex } from '@testigo/trail';
import type { ChainAnswer } from '../chain/facts.ts';
import type { ModelFolder } from '../files/model-folder.ts';
import { makeFinding } from '../findings/table.ts';
import type { Trust } from '../trust/trust-file.ts';
import { checkChain } from './check-chain.ts';
import { checkApproval, checkEnvelope } from './check-dataset.ts';
import { checkManifestBytes, checkModelFiles, checkRegistration } from './check-model.ts';

export interface ModelInput {
  readonly folder: ModelFolder;
  /** Text of the signed dataset manifest in the folder. */
  readonly envelope: string | undefined;
  readonly trust: Trust | undefined;
  readonly chain: ChainAnswer;
  /** The version the auditor asked for. */
  readonly expectedVersion?: string;
}

/** A model bundle against its own manifest, its dataset, and the registry: weights ↔ manifest ↔ chain. */
export function verifyModel({ folder, envelope, trust, chain, expectedVersion }: ModelInput): Finding[] {
  const source = `${folder.source}/manifest.json`;
  if (folder.manifest === undefined) return [makeFinding('model-manifest-missing', { source })];
  const modelVersion = expectedVersion ?? toHex(modelVersionOf(folder.manifest));
  const manifest = checkManifestBytes(folder.manifest, { modelVersion }, source);
  const facts = checkChain(chain, trust);
  const named = manifest.value;
  if (named === undefined) return [...manifest.findings, ...facts.findings];
  const claim = { modelVersion, datasetRoot: named.dataset.root };
  const dataset = datasetClaimOf(named);
  const signed = checkEnvelope(envelope, dataset, trust, `${folder.source}/dataset.dsse.json`);
  return [
    ...facts.findings,
    ...manifest.findings,
    ...checkModelFiles(named, modelVersion, folder),
    checkRegistration(claim, facts.value),
    ...signed.findings,
    checkApproval(dataset, signed.value, facts.value),
  ];
}

export const datasetClaimOf = ({ dataset }: ModelManifest) => ({
  datasetRoot: dataset.root,
  datasetSize: dataset.size,
  manifestDigest: dataset.manifest,
});
