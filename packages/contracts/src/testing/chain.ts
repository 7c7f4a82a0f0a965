import { createServer as createProbe } from 'node:net';
import { HDNodeWallet, Mnemonic } from 'ethers';
import { createHardhatRuntimeEnvironment } from 'hardhat/hre';
import { RegistryError } from '../errors.ts';
import { packageRoot } from './package-root.ts';

/** Hardhat's published development mnemonic. Everybody knows these keys: never fund them on a public chain. */
const MNEMONIC = Mnemonic.fromPhrase('test test test test test test test test test test test junk');
const ACCOUNTS = 20;
const HOST = '127.0.0.1';

export type TestAccount = { readonly address: string; readonly privateKey: string };

/** The accounts that hold test ether on every chain `startChain` starts. */
export const testAccounts: readonly TestAccount[] = Array.from({ length: ACCOUNTS }, (_, index) => {
  const { address, privateKey } = HDNodeWallet.fromMnemonic(MNEMONIC, `m/44'/60'/0'/0/${index}`);
  return { address, privateKey };
});

export type ChainOptions = {
  /** Default: a free port of the system's choice. */
  readonly port?: number;
  readonly chainId?: number;
  /** Mines a block every so many milliseconds; by default every transaction mines its own. */
  readonly blockIntervalMs?: number;
};

export type LocalChain = {
  readonly url: string;
  readonly port: number;
  readonly chainId: number;
  readonly accounts: readonly TestAccount[];
  readonly stop: () => Promise<void>;
};

/** Starts a Hardhat JSON-RPC node in this process, on the loopback interface. Works without a network. */
export const startChain = async (options: ChainOptions = {}): Promise<LocalChain> => {
  const chainId = options.chainId ?? 31337;
  if (options.port) await requireFreePort(options.port);
  const mining =
    options.blockIntervalMs === undefined
      ? { auto: true, interval: 0 }
      : { auto: false, interval: options.blockIntervalMs };
  const hre = await createHardhatRuntimeEnvironment(
    {
      networks: {
        chain: {
          type: 'edr-simulated',
          chainType: 'l1',
          chainId,
          mining,
          // Blocks faster than one a second would otherwise carry times ahead of the clock.
          allowBlocksWithSameTimestamp: true,
          // As on every other node: a transaction that reverts is mined, and its receipt says so.
          throwOnTransactionFailures: false,
        },
      },
    },
    {},
    packageRoot,
  );
  const server = await hre.network.createServer('chain', HOST, options.port ?? 0);
  const { port } = await server.listen();
  return { url: `http://${HOST}:${port}`, port, chainId, accounts: testAccounts, stop: () => server.close() };
};

/** Hardhat's server reports a taken port as an uncaught error of the process, so it is tried beforehand. */
const requireFreePort = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const probe = createProbe();
    probe.once('error', (cause) =>
      reject(new RegistryError('port-taken', `port ${port} of ${HOST} is taken: choose another`, { cause })),
    );
    probe.listen(port, HOST, () => probe.close(() => resolve()));
  });
