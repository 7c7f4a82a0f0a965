import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRegistry, signDatasetApproval, type TestigoRegistry } from '@testigo/contracts';
import { deployToChain, type LocalChain, startChain } from '@testigo/contracts/testing';
import { readBundle } from '@testigo/model';
import { JsonRpcProvider, NonceManager, Wallet } from 'ethers';
import { type ApiConfigInput, parseConfig, type RunningApi, startApi } from '../../src/index.ts';
import { makeTestBundle } from './test-bundle.ts';

export type Ground = {
  readonly chain: LocalChain;
  readonly registry: TestigoRegistry;
  readonly address: string;
  readonly bundleDir: string;
  readonly modelVersion: string;
  readonly datasetRoot: string;
  stop(): Promise<void>;
};

export type GroundOptions = {
  readonly isApproved?: boolean;
  readonly isRegistered?: boolean;
  readonly bundleDir?: string;
};

/** A real chain with the registry on it, and a model bundle that stands there unless told otherwise. */
export const prepareGround = async (options: GroundOptions = {}): Promise<Ground> => {
  const bundleDir = options.bundleDir ?? makeTestBundle();
  const chain = await startChain();
  const admin = chain.accounts[0]!;
  const { address } = await deployToChain(chain.url, { privateKey: admin.privateKey });
  const provider = new JsonRpcProvider(chain.url, undefined, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 50,
  });
  const wallet = new Wallet(admin.privateKey, provider);
  const registry = connectRegistry(address, new NonceManager(wallet));
  const { manifest, modelVersion } = readBundle(bundleDir);
  const datasetRoot = manifest.dataset.root;
  if (options.isApproved ?? true) {
    const approval = {
      datasetRoot: `0x${datasetRoot}`,
      size: manifest.dataset.size,
      manifestDigest: `0x${manifest.dataset.manifest}`,
      custodian: admin.address,
      deadline: 2n ** 40n,
    };
    const signature = await signDatasetApproval(wallet, registry, approval);
    const { size, manifestDigest, custodian, deadline } = approval;
    await (
      await registry.approveDataset(
        approval.datasetRoot,
        size,
        manifestDigest,
        custodian,
        deadline,
        signature,
      )
    ).wait();
    if (options.isRegistered ?? true) {
      await (await registry.registerModel(`0x${modelVersion}`, approval.datasetRoot)).wait();
    }
  }
  const stop = async () => {
    provider.destroy();
    await chain.stop();
  };
  return { chain, registry, address, bundleDir, modelVersion, datasetRoot, stop };
};

export const SINGLE_PICTURES = {
  purpose: 'fraud-detection',
  legalBasis: 'consent',
  deployer: 'example-bank',
  notice: 'notice-2026-11',
} as const;

/** What a registry operator does once: opens the service's log for the key that anchors it. */
export const openLogOnChain = async (ground: Ground, api: RunningApi, anchorAccount = 1): Promise<void> => {
  const { address } = ground.chain.accounts[anchorAccount]!;
  await (await ground.registry.openLog(api.origin, address, api.checkpointKey, 3600)).wait();
};

export const anchoringWith = (ground: Ground, anchorAccount = 1) => ({
  privateKey: ground.chain.accounts[anchorAccount]!.privateKey,
  depths: { safe: 0, finalized: 0 },
  pollMs: 50,
  minIntervalMs: 0,
  alignWaitMs: 0,
});

export type TestApi = RunningApi & { readonly dataDir: string; discard(): Promise<void> };

/** The whole service on a free port, its data in a fresh folder unless one is given. */
export const startTestApi = async (
  ground: Ground,
  overrides: Partial<ApiConfigInput> = {},
): Promise<TestApi> => {
  const dataDir = overrides.dataDir ?? mkdtempSync(join(tmpdir(), 'testigo-api-'));
  const config = parseConfig({
    server: { port: 0 },
    model: { bundleDir: ground.bundleDir },
    registry: {
      rpcUrl: ground.chain.url,
      address: ground.address,
      chainId: ground.chain.chainId,
      pollMs: 100,
    },
    policy: { singlePictures: SINGLE_PICTURES },
    logging: { level: 'silent' },
    ...overrides,
    dataDir,
  });
  const api = await startApi(config);
  const discard = async () => {
    await api.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { ...api, dataDir, discard };
};
