import type { BigNumberish, Signer, TypedDataDomain } from 'ethers';
import type { TestigoRegistry } from './registry.ts';

/** EIP-712 types of a custodian's approval; the contract computes the same struct hash. */
export const DATASET_APPROVAL_TYPES = {
  DatasetApproval: [
    { name: 'datasetRoot', type: 'bytes32' },
    { name: 'size', type: 'uint64' },
    { name: 'manifestDigest', type: 'bytes32' },
    { name: 'custodian', type: 'address' },
    { name: 'deadline', type: 'uint256' },
  ],
};

/** EIP-712 types of a log key's word on its successor. */
export const KEY_ROTATION_TYPES = {
  KeyRotation: [
    { name: 'logId', type: 'bytes32' },
    { name: 'newKey', type: 'address' },
    { name: 'newCheckpointKey', type: 'bytes32' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
};

export type DatasetApproval = {
  readonly datasetRoot: string;
  readonly size: BigNumberish;
  readonly manifestDigest: string;
  /** Who answers for the dataset: the signer itself, or the ERC-1271 wallet it signs for. */
  readonly custodian: string;
  /** Unix seconds after which the signature counts no more. */
  readonly deadline: BigNumberish;
};

export type KeyRotation = {
  readonly logId: string;
  readonly newKey: string;
  readonly newCheckpointKey: string;
  /** How many rotations were scheduled before: `logOf(logId).rotations`. */
  readonly nonce: BigNumberish;
  readonly deadline: BigNumberish;
};

/** The signing domain: a signature counts at one contract on one chain. */
export const registryDomain = (chainId: BigNumberish, address: string): TypedDataDomain => ({
  name: 'TestigoRegistry',
  version: '1',
  chainId,
  verifyingContract: address,
});

const domainOf = async (registry: TestigoRegistry): Promise<TypedDataDomain> => {
  const { chainId, verifyingContract } = await registry.eip712Domain();
  return registryDomain(chainId, verifyingContract);
};

/** A custodian's signature that `approveDataset` accepts. */
export const signDatasetApproval = async (
  signer: Signer,
  registry: TestigoRegistry,
  approval: DatasetApproval,
): Promise<string> => signer.signTypedData(await domainOf(registry), DATASET_APPROVAL_TYPES, approval);

/** A log key's signature that `scheduleRotation` accepts. */
export const signKeyRotation = async (
  signer: Signer,
  registry: TestigoRegistry,
  rotation: KeyRotation,
): Promise<string> => signer.signTypedData(await domainOf(registry), KEY_ROTATION_TYPES, rotation);
