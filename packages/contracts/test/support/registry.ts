import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { hexlify, type Signer, sha256, type TransactionResponse, toUtf8Bytes } from 'ethers';
import { network } from 'hardhat';
import {
  type AnchorBatch,
  connectRegistry,
  type DatasetApproval,
  encodeAnchorBatch,
  logIdOf,
  ROLES,
  signDatasetApproval,
  type TestigoRegistry,
} from '../../src/index.ts';
import { watchBranches } from './branches.ts';

export const connection = await network.create();
if (process.env.TESTIGO_BRANCHES) watchBranches(connection.provider, process.env.TESTIGO_BRANCHES);
export const { ethers, networkHelpers } = connection;

export const ORIGIN = 'testigo.example/log';
export const LOG_ID = logIdOf(ORIGIN);
export const CHECKPOINT_KEY = digestOf('checkpoint key');
export const MAX_SILENCE = 3600;
const ADMIN_DELAY = 3 * 86_400;
export const ROTATION_DELAY = 86_400;
export const MODEL = digestOf('model');
export const DATASET = digestOf('dataset');
export const MANIFEST = digestOf('manifest');
export const REPORT = digestOf('report');
export const LEAF = digestOf('leaf');
export const FAR_FUTURE = 2n ** 40n;

export function digestOf(text: string): string {
  return sha256(hexlify(toUtf8Bytes(text)));
}

/** One account for each role, so that a missing check cannot hide behind an account with too many. */
export const deployWithRoles = async () => {
  const [admin, custodian, publisher, operator, recorder, auditor, guardian, key, newKey, stranger] =
    (await ethers.getSigners()) as HardhatEthersSigner[] & { length: 20 };
  // From the artifact and not from the bindings' bytecode: --coverage instruments artifacts.
  const deployed = await ethers.deployContract('TestigoRegistry', [admin, ADMIN_DELAY, ROTATION_DELAY]);
  const registry = connectRegistry(await deployed.getAddress(), admin!);
  const holders = { custodian, publisher, operator, recorder, auditor, guardian };
  for (const [role, holder] of Object.entries(holders)) {
    await registry.grantRole(ROLES[role as keyof typeof ROLES], holder!);
  }
  return {
    registry,
    admin: admin!,
    custodian: custodian!,
    publisher: publisher!,
    operator: operator!,
    recorder: recorder!,
    auditor: auditor!,
    guardian: guardian!,
    key: key!,
    newKey: newKey!,
    stranger: stranger!,
  };
};

/** A registry with an approved dataset, a registered model and an open, empty log. */
export const deployWithLog = async () => {
  const parties = await deployWithRoles();
  const { registry, custodian, publisher, operator, key } = parties;
  await approve(registry, custodian);
  await registry.connect(publisher).registerModel(MODEL, DATASET);
  await registry.connect(operator).openLog(ORIGIN, key, CHECKPOINT_KEY, MAX_SILENCE);
  return parties;
};

/** Sends the packed form of an anchor as the account that `registry` is connected to. */
export const sendBatch = async (
  registry: TestigoRegistry,
  batch: AnchorBatch,
): Promise<TransactionResponse> => sendRaw(registry, encodeAnchorBatch(batch));

/** Sends any calldata to the registry. */
export const sendRaw = async (registry: TestigoRegistry, data: string): Promise<TransactionResponse> => {
  const signer = registry.runner as Signer;
  return signer.sendTransaction({ to: await registry.getAddress(), data });
};

/** Approves a dataset on the custodian's signature; fields given replace the usual ones. */
export const approve = async (
  registry: TestigoRegistry,
  custodian: HardhatEthersSigner,
  fields: Partial<DatasetApproval> = {},
) => {
  const approval: DatasetApproval = {
    datasetRoot: DATASET,
    size: 35_887,
    manifestDigest: MANIFEST,
    custodian: custodian.address,
    deadline: FAR_FUTURE,
    ...fields,
  };
  const signature = await signDatasetApproval(custodian, registry, approval);
  return registry.approveDataset(
    approval.datasetRoot,
    approval.size,
    approval.manifestDigest,
    approval.custodian,
    approval.deadline,
    signature,
  );
};
