import { type ContractRunner, id, keccak256, type Provider, type Signer, sha256, toUtf8Bytes } from 'ethers';
import { RegistryError } from './errors.ts';
import type { TestigoRegistry } from './generated/contracts/TestigoRegistry.ts';
import { TestigoRegistry__factory } from './generated/factories/contracts/TestigoRegistry__factory.ts';

export type { TestigoRegistry };
export { TestigoRegistry__factory };

/** The registry's ABI, for clients in other languages and libraries. */
export const REGISTRY_ABI = TestigoRegistry__factory.abi;

/** Role ids of the contract: keccak256 of the role's name. */
export const ROLES = {
  custodian: id('CUSTODIAN_ROLE'),
  publisher: id('PUBLISHER_ROLE'),
  operator: id('OPERATOR_ROLE'),
  recorder: id('RECORDER_ROLE'),
  auditor: id('AUDITOR_ROLE'),
  guardian: id('GUARDIAN_ROLE'),
} as const;
export type RoleName = keyof typeof ROLES;

/** The contract's `Outcome` enum; its zero value claims nothing. */
export const OUTCOMES = { inconclusive: 0, verified: 1, failed: 2 } as const;
export type OutcomeName = keyof typeof OUTCOMES;

/** The contract's `Subject` enum: what a verdict is about. */
export const SUBJECTS = { record: 0, log: 1, model: 2, dataset: 3 } as const;
export type SubjectName = keyof typeof SUBJECTS;

/** The id the contract gives a log: SHA-256 of its origin, 0x-prefixed hex. */
export const logIdOf = (origin: string): string => sha256(toUtf8Bytes(origin));

/** A typed contract at `address`; a signer as runner sends transactions, a provider only reads. */
export const connectRegistry = (address: string, runner: ContractRunner): TestigoRegistry =>
  TestigoRegistry__factory.connect(address, runner);

export type RegistryParameters = {
  /** The administrator; the deployer when absent. */
  readonly admin?: string;
  /** How long a change of administrator stands announced. Default: three days. */
  readonly adminDelaySeconds?: number;
  /** How long a change of a log's key stands announced. Default: one day. */
  readonly rotationDelaySeconds?: number;
};

export const DEFAULT_DELAYS = { adminDelaySeconds: 3 * 24 * 3600, rotationDelaySeconds: 24 * 3600 } as const;

/** Deploys a registry with one transaction and waits for it; roles are granted by its administrator afterwards. */
export const deployRegistry = async (
  signer: Signer,
  parameters: RegistryParameters = {},
): Promise<TestigoRegistry> => {
  const registry = await new TestigoRegistry__factory(signer).deploy(
    parameters.admin ?? (await signer.getAddress()),
    parameters.adminDelaySeconds ?? DEFAULT_DELAYS.adminDelaySeconds,
    parameters.rotationDelaySeconds ?? DEFAULT_DELAYS.rotationDelaySeconds,
  );
  await registry.waitForDeployment();
  return registry;
};

/**
 * keccak256 of the code at `address` (the chain's EXTCODEHASH): what a trust file pins, so that an auditor notices
 * another contract at the same address. Throws where there is no code.
 */
export const codeHashOf = async (provider: Provider, address: string): Promise<string> => {
  const code = await provider.getCode(address);
  if (code === '0x') throw new RegistryError('no-contract', `no contract at ${address}`);
  return keccak256(code);
};
