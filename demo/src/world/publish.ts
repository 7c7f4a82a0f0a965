import { signDatasetApproval } from '@testigo/contracts';
import { type BundleContents, readBundle } from '@testigo/model';
import { datasetManifestDigest, fromBase64, parseDsse, toHex } from '@testigo/trail';
import type { Registry } from './chain.ts';

const APPROVAL_SECONDS = 3600;

export interface PublishedModel {
  readonly dir: string;
  readonly contents: BundleContents;
  readonly modelVersion: string;
  readonly datasetRoot: string;
}

/** Reads a model bundle, every digest checked. */
export async function readModel(dir: string): Promise<PublishedModel> {
  const contents = await readBundle(dir);
  return { dir, contents, modelVersion: contents.modelVersion, datasetRoot: contents.manifest.dataset.root };
}

/** The custodian signs an EIP-712 approval; anybody may bring it to the chain. */
export async function approveDataset(registry: Registry, { contents }: PublishedModel): Promise<void> {
  const { custodian, administrator } = registry.actors;
  const envelope = parseDsse(JSON.parse(contents.datasetEnvelope));
  const approval = {
    datasetRoot: `0x${contents.manifest.dataset.root}`,
    size: contents.manifest.dataset.size,
    manifestDigest: `0x${toHex(datasetManifestDigest(fromBase64(envelope.payload)))}`,
    custodian: custodian.address,
    deadline: ((await registry.provider.getBlock('latest'))?.timestamp ?? 0) + APPROVAL_SECONDS,
  };
  const contract = registry.as(administrator);
  const signature = await signDatasetApproval(custodian, contract, approval);
  const sent = await contract.approveDataset(
    approval.datasetRoot,
    approval.size,
    approval.manifestDigest,
    approval.custodian,
    approval.deadline,
    signature,
  );
  await sent.wait();
}

export async function registerModel(registry: Registry, model: PublishedModel): Promise<void> {
  const contract = registry.as(registry.actors.publisher);
  await (await contract.registerModel(`0x${model.modelVersion}`, `0x${model.datasetRoot}`)).wait();
}
