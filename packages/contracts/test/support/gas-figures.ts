import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { getBytes, type TransactionResponse } from 'ethers';
import {
  connectRegistry,
  ROLES,
  signDatasetApproval,
  signKeyRotation,
  type TestigoRegistry,
  TestigoRegistry__factory,
} from '../../src/index.ts';
import {
  approve,
  CHECKPOINT_KEY,
  connection,
  DATASET,
  deployWithLog,
  deployWithRoles,
  digestOf,
  ethers,
  FAR_FUTURE,
  LEAF,
  LOG_ID,
  MANIFEST,
  MODEL,
  networkHelpers,
  REPORT,
  ROTATION_DELAY,
  sendBatch,
} from './registry.ts';
import { uniformConsistency, uniformInclusion, uniformLeaf, uniformRoot } from './uniform-log.ts';

export const gasOf = async (sent: Promise<TransactionResponse>): Promise<number> =>
  Number((await (await sent).wait())?.gasUsed);

const ZERO_BYTE_SAVES = 12;

/**
 * The same for a call with a signature, as if none of its bytes, nor of the address before it, were zero: both depend on
 * where the registry stands, which depends on what other tests deployed before.
 */
const gasOfSigned = async (sent: Promise<TransactionResponse>): Promise<number> => {
  const { data } = await sent;
  const call = TestigoRegistry__factory.createInterface().parseTransaction({ data })!;
  const chanceful = [call.args.signature, call.args.custodian ?? '0x'] as string[];
  const zeros = chanceful.flatMap((hex) => [...getBytes(hex)]).filter((byte) => byte === 0);
  return (await gasOf(sent)) + ZERO_BYTE_SAVES * zeros.length;
};

/** A log whose head stands at `size`, ready to be measured. */
const logAt = async (registry: TestigoRegistry, size: number): Promise<void> => {
  if (size > 0) await registry.anchor(LOG_ID, size, uniformRoot(size), [], [], []);
};

const anchorFrom = (registry: TestigoRegistry, size1: number, size2: number): Promise<TransactionResponse> =>
  sendBatch(registry, {
    logId: LOG_ID,
    size: size2,
    root: uniformRoot(size2),
    models: [{ modelVersion: MODEL, count: Math.min(size2 - size1, 2 ** 32 - 1) }],
    consistencyProof: uniformConsistency(size1, size2),
  });

/** The gas of an anchor that moves a log from `size1` to `size2` leaves, with one model in the batch. */
export const measureAnchor = async (size1: number, size2: number): Promise<number> => {
  const { registry, key } = await networkHelpers.loadFixture(deployWithLog);
  await logAt(registry.connect(key), size1);
  return gasOf(anchorFrom(registry.connect(key), size1, size2));
};

/** The gas of each of a log's anchors as it grows from nothing to `size` by batches of `batch`. */
export const measureGrowth = async (batch: number, size: number): Promise<number[]> => {
  const { registry, key } = await networkHelpers.loadFixture(deployWithLog);
  const spent: number[] = [];
  for (let head = 0; head + batch <= size; head += batch) {
    spent.push(await gasOf(anchorFrom(registry.connect(key), head, head + batch)));
  }
  return spent;
};

/** What the inclusion view itself executes, without the transaction's base and calldata gas. */
export const measureInclusionView = async (index: number, size: number): Promise<number> => {
  const { registry } = await networkHelpers.loadFixture(deployWithLog);
  const data = registry.interface.encodeFunctionData('verifyInclusion', [
    uniformLeaf,
    index,
    size,
    uniformRoot(size),
    uniformInclusion(index, size),
  ]);
  const trace = (await connection.provider.request({
    method: 'debug_traceCall',
    params: [
      { to: await registry.getAddress(), data },
      'latest',
      { disableStorage: true, disableStack: true },
    ],
  })) as { structLogs: { gas: number | string; depth: number }[] };
  const steps = trace.structLogs;
  return Number(steps[0]?.gas) - Number(steps.at(-1)?.gas);
};

const measureWallet = async (
  registry: TestigoRegistry,
  admin: HardhatEthersSigner,
  owner: HardhatEthersSigner,
): Promise<number> => {
  const custodian = await (await ethers.deployContract('Wallet1271', [owner.address])).getAddress();
  await registry.connect(admin).grantRole(ROLES.custodian, custodian);
  const approval = {
    datasetRoot: DATASET,
    size: 35_887,
    manifestDigest: MANIFEST,
    custodian,
    deadline: FAR_FUTURE,
  };
  const signature = await signDatasetApproval(owner, registry, approval);
  return gasOfSigned(registry.approveDataset(DATASET, 35_887, MANIFEST, custodian, FAR_FUTURE, signature));
};

/** Every transaction of the registry but anchors, each once, in its usual form. */
export const measureTransactions = async (): Promise<Record<string, number>> => {
  const bare = await networkHelpers.loadFixture(deployWithRoles);
  const approveErc1271 = await measureWallet(bare.registry, bare.admin, bare.stranger);
  const parties = await networkHelpers.loadFixture(deployWithLog);
  const { registry, custodian, publisher, operator, recorder, auditor, guardian, key, newKey } = parties;
  const deployment = await ethers.deployContract('TestigoRegistry', [parties.admin, 0, ROTATION_DELAY]);
  const deploy = Number((await deployment.deploymentTransaction()?.wait())?.gasUsed);
  const [otherDataset, otherModel] = [digestOf('other dataset'), digestOf('other model')];
  const rotation = {
    logId: LOG_ID,
    newKey: newKey.address,
    newCheckpointKey: digestOf('new'),
    nonce: 0,
    deadline: FAR_FUTURE,
  };
  const signature = await signKeyRotation(key, registry, rotation);
  const as = (signer: HardhatEthersSigner) => connectRegistry(String(registry.target), signer);
  return {
    deploy,
    approveDataset: await gasOfSigned(approve(registry, custodian, { datasetRoot: otherDataset })),
    'approveDataset, ERC-1271': approveErc1271,
    registerModel: await gasOf(as(publisher).registerModel(otherModel, DATASET)),
    openLog: await gasOf(as(operator).openLog('another.example/log', key, CHECKPOINT_KEY, 3600)),
    recordDetection: await gasOf(as(recorder).recordDetection(LEAF, MODEL, DATASET)),
    'recordDetection, again': await gasOf(as(recorder).recordDetection(LEAF, MODEL, DATASET)),
    publishVerdict: await gasOf(as(auditor).publishVerdict(LEAF, 0, 1, REPORT)),
    scheduleRotation: await gasOfSigned(
      as(operator).scheduleRotation(LOG_ID, newKey, rotation.newCheckpointKey, FAR_FUTURE, signature),
    ),
    completeRotation: await networkHelpers.time
      .increase(ROTATION_DELAY)
      .then(() => gasOf(as(newKey).completeRotation(LOG_ID))),
    freezeLog: await gasOf(as(guardian).freezeLog(LOG_ID, 'key stolen')),
    revokeModel: await gasOf(as(publisher).revokeModel(otherModel, 'biased')),
    revokeDataset: await gasOf(as(custodian).revokeDataset(otherDataset, 'poisoned')),
  };
};
