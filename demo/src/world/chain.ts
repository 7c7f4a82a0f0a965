import { connectRegistry, type TestigoRegistry } from '@testigo/contracts';
import { type Deployment, deployToChain, type LocalChain, startChain } from '@testigo/contracts/testing';
import { JsonRpcProvider, Wallet } from 'ethers';

/** One key for each duty, so that no one of them can do another's. */
export interface Actors {
  readonly administrator: Wallet;
  readonly custodian: Wallet;
  readonly publisher: Wallet;
  readonly operator: Wallet;
  readonly anchorer: Wallet;
  readonly auditor: Wallet;
}

export interface Registry {
  readonly chain: LocalChain;
  readonly deployment: Deployment;
  readonly actors: Actors;
  readonly provider: JsonRpcProvider;
  as(actor: Wallet): TestigoRegistry;
  /** Mines until everything up to now is final. */
  finalize(): Promise<void>;
  stop(): Promise<void>;
}

/** More than two epochs: what Hardhat's node then calls `finalized` includes every block before them. */
const BLOCKS_TO_FINALITY = 70;

function actorsOn(chain: LocalChain, provider: JsonRpcProvider): Actors {
  const wallet = (index: number) => new Wallet(chain.accounts[index]!.privateKey, provider);
  return {
    administrator: wallet(0),
    custodian: wallet(1),
    publisher: wallet(2),
    operator: wallet(3),
    anchorer: wallet(4),
    auditor: wallet(5),
  };
}

/** A local chain in this process with a registry on it. */
export async function startRegistry(port: number): Promise<Registry> {
  const chain = await startChain({ port });
  const provider = new JsonRpcProvider(chain.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  const actors = actorsOn(chain, provider);
  const deployment = await deployToChain(chain.url, {
    privateKey: actors.administrator.privateKey,
    roles: {
      custodian: actors.custodian.address,
      publisher: actors.publisher.address,
      operator: actors.operator.address,
      auditor: actors.auditor.address,
    },
  });
  return {
    chain,
    deployment,
    actors,
    provider,
    as: (actor) => connectRegistry(deployment.address, actor),
    finalize: async () => {
      await provider.send('hardhat_mine', [`0x${BLOCKS_TO_FINALITY.toString(16)}`]);
    },
    stop: async () => {
      provider.destroy();
      await chain.stop();
    },
  };
}
