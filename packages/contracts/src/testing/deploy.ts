import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import hardhatIgnitionEthers from '@nomicfoundation/hardhat-ignition-ethers';
import { JsonRpcProvider } from 'ethers';
import { createHardhatRuntimeEnvironment } from 'hardhat/hre';
import { registryWithRolesModule } from '../deployment/module.ts';
import { codeHashOf, type RegistryParameters, type RoleName } from '../registry.ts';
import { packageRoot } from './package-root.ts';

export type DeploymentOptions = Omit<RegistryParameters, 'admin'> & {
  /** The deployer, who becomes the administrator and holds every role not given to somebody else. */
  readonly privateKey: string;
  readonly roles?: Partial<Record<RoleName, string>>;
  /** Where Ignition keeps its journal, to resume an interrupted deployment. By default it is discarded. */
  readonly journalDir?: string;
};

/** What a trust file needs to know about a registry. */
export type Deployment = {
  readonly address: string;
  /** keccak256 of the deployed code. */
  readonly codeHash: string;
  readonly chainId: number;
  /** The first block worth querying. */
  readonly blockNumber: number;
};

/** Deploys the registry and grants its roles through Hardhat Ignition, over JSON-RPC. */
export const deployToChain = async (url: string, options: DeploymentOptions): Promise<Deployment> => {
  const provider = new JsonRpcProvider(url, undefined, { staticNetwork: true });
  const journalDir = options.journalDir ?? (await mkdtemp(join(tmpdir(), 'testigo-ignition-')));
  try {
    const blockNumber = await provider.getBlockNumber();
    const address = await deployWithIgnition(url, options, journalDir);
    const { chainId } = await provider.getNetwork();
    return { address, codeHash: await codeHashOf(provider, address), chainId: Number(chainId), blockNumber };
  } finally {
    provider.destroy();
    if (options.journalDir === undefined) await rm(journalDir, { recursive: true, force: true });
  }
};

const deployWithIgnition = async (
  url: string,
  options: DeploymentOptions,
  journalDir: string,
): Promise<string> => {
  const hre = await createHardhatRuntimeEnvironment(
    {
      plugins: [hardhatIgnitionEthers],
      paths: { ignition: journalDir },
      networks: { target: { type: 'http', chainType: 'l1', url, accounts: [options.privateKey] } },
    },
    {},
    packageRoot,
  );
  const connection = await hre.network.create('target');
  const { adminDelaySeconds, rotationDelaySeconds } = options;
  const { registry } = await connection.ignition.deploy(registryWithRolesModule, {
    parameters: {
      TestigoRegistry: {
        ...(adminDelaySeconds === undefined ? {} : { adminDelaySeconds }),
        ...(rotationDelaySeconds === undefined ? {} : { rotationDelaySeconds }),
      },
      TestigoRegistryRoles: { ...options.roles },
    },
    config: { requiredConfirmations: 1, blockPollingInterval: 50 },
  });
  return registry.getAddress();
};
