import {
  connectRegistry,
  deployRegistry,
  ROLES,
  signDatasetApproval,
  type TestigoRegistry,
} from '@testigo/contracts';
import { JsonRpcProvider, Wallet } from 'ethers';
import { TEST_ORIGIN } from '../log/testing.ts';

/** Registered by `deployForTests`; the model version of `makeRecord`'s records. */
export const TEST_MODEL = 'a'.repeat(64);
/** What it was trained on. */
export const TEST_DATASET = 'b'.repeat(64);
const DATASET = `0x${TEST_DATASET}`;

/** For tests: a registry with one model and the test log, open for `anchorKey`. */
export const deployForTests = async (
  url: string,
  adminKey: string,
  anchorKey: string,
  recorderKey?: string,
): Promise<string> => {
  const provider = new JsonRpcProvider(url, undefined, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 20,
  });
  try {
    const admin = new Wallet(adminKey, provider);
    const registry = await deployRegistry(admin);
    for (const role of [ROLES.custodian, ROLES.publisher, ROLES.operator]) {
      await (await registry.grantRole(role, admin.address)).wait();
    }
    await approveAndRegister(registry, admin);
    if (recorderKey) await (await registry.grantRole(ROLES.recorder, new Wallet(recorderKey).address)).wait();
    const key = new Wallet(anchorKey).address;
    await (await registry.openLog(TEST_ORIGIN, key, `0x${'c'.repeat(64)}`, 3600)).wait();
    return await registry.getAddress();
  } finally {
    provider.destroy();
  }
};

const approveAndRegister = async (registry: TestigoRegistry, admin: Wallet): Promise<void> => {
  const approval = {
    datasetRoot: DATASET,
    size: 28_709n,
    manifestDigest: `0x${'d'.repeat(64)}`,
    custodian: admin.address,
    deadline: 2n ** 40n,
  };
  const signature = await signDatasetApproval(admin, registry, approval);
  const { datasetRoot, size, manifestDigest, custodian, deadline } = approval;
  await (
    await registry.approveDataset(datasetRoot, size, manifestDigest, custodian, deadline, signature)
  ).wait();
  await (await registry.registerModel(`0x${TEST_MODEL}`, DATASET)).wait();
};

export interface AnchoredFact {
  readonly size: number;
  readonly root: string;
}

/** Every anchor of the test log on the canonical chain, in order. */
export const readAnchoredEvents = async (url: string, address: string): Promise<readonly AnchoredFact[]> => {
  const provider = new JsonRpcProvider(url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  try {
    const registry = connectRegistry(address, provider);
    const events = await registry.queryFilter(registry.filters.Anchored(), 0, 'latest');
    // An anchor that names several models has an event for each.
    const anchors = new Map(
      events.map((event) => [`${event.transactionHash} ${event.args.size}`, event.args]),
    );
    return [...anchors.values()].map(({ size, root }) => ({ size: Number(size), root: root.slice(2) }));
  } finally {
    provider.destroy();
  }
};

/** The leaves of every detection recorded by itself on the canonical chain, in order. */
export const readRecordedLeaves = async (url: string, address: string): Promise<readonly string[]> => {
  const provider = new JsonRpcProvider(url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  try {
    const registry = connectRegistry(address, provider);
    const events = await registry.queryFilter(registry.filters.DetectionRecorded(), 0, 'latest');
    return events.map(({ args }) => args.leaf.slice(2));
  } finally {
    provider.destroy();
  }
};
