import { connectRegistry, signDatasetApproval, type TestigoRegistry } from '@testigo/contracts';
import { type Deployment, deployToChain, type LocalChain } from '@testigo/contracts/testing';
import { sha256, toHex, utf8, verifierKey } from '@testigo/trail';
import { JsonRpcProvider, Wallet } from 'ethers';

/** A registry on a real chain, and the account that holds every role in it. */
export interface Registrar {
  readonly deployment: Deployment;
  readonly provider: JsonRpcProvider;
  readonly registry: TestigoRegistry;
  readonly wallet: Wallet;
}

export async function openRegistrar(chain: LocalChain): Promise<Registrar> {
  const { privateKey } = chain.accounts[0]!;
  const deployment = await deployToChain(chain.url, { privateKey });
  const provider = new JsonRpcProvider(chain.url, chain.chainId, { staticNetwork: true, cacheTimeout: -1 });
  const wallet = new Wallet(privateKey, provider);
  return { deployment, provider, wallet, registry: connectRegistry(deployment.address, wallet) };
}

/** Digests here are hex without 0x, as in the records. */
export async function approveDataset(
  { registry, wallet }: Registrar,
  { root, size, manifestDigest }: { root: string; size: number; manifestDigest: string },
): Promise<void> {
  const custodian = wallet.address;
  const approval = {
    datasetRoot: `0x${root}`,
    size,
    manifestDigest: `0x${manifestDigest}`,
    custodian,
    deadline: 4_000_000_000,
  };
  const signature = await signDatasetApproval(wallet, registry, approval);
  const { datasetRoot, deadline } = approval;
  const digest = approval.manifestDigest;
  await (await registry.approveDataset(datasetRoot, size, digest, custodian, deadline, signature)).wait();
}

export async function registerModel({ registry }: Registrar, version: string, root: string): Promise<void> {
  await (await registry.registerModel(`0x${version}`, `0x${root}`)).wait();
}

export async function openLog(
  { registry, wallet }: Registrar,
  origin: string,
  publicKey: Uint8Array,
): Promise<void> {
  await (await registry.openLog(origin, wallet.address, publicKey, 3600)).wait();
}

export async function anchor(
  { registry }: Registrar,
  origin: string,
  head: { readonly size: number; readonly root: Uint8Array; readonly proof: readonly Uint8Array[] },
  counts: Readonly<Record<string, number>>,
): Promise<{ readonly size: number; readonly transaction: string; readonly blockNumber: number }> {
  const counted = Object.entries(counts).filter(([, count]) => count > 0);
  const sent = await registry.anchor(
    `0x${toHex(sha256(utf8(origin)))}`,
    head.size,
    head.root,
    [...head.proof],
    counted.map(([version]) => `0x${version}`),
    counted.map(([, count]) => count),
  );
  const receipt = (await sent.wait())!;
  return { size: head.size, transaction: receipt.hash, blockNumber: receipt.blockNumber };
}

/** The pins that an auditor of this registry and this log starts from. */
export function pinsOf({ deployment }: Registrar, origin: string, publicKey: Uint8Array) {
  return {
    chainId: deployment.chainId,
    registry: deployment.address,
    codeHash: deployment.codeHash,
    deployedAtBlock: deployment.blockNumber,
    logs: [{ origin, verifierKey: verifierKey(origin, publicKey) }],
  };
}
