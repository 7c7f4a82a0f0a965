import { connectRegistry } from '@testigo/contracts';
import { type JsonRpcProvider, ZeroHash } from 'ethers';
import type { Logger } from '../logging.ts';
import { judgeStanding, type RegistryFacts, type Standing } from './standing.ts';

export type RegistryWatch = {
  /** From the last answer of the chain; no answer within maxAgeMs means no reading. */
  standing(): Standing;
  /** Milliseconds since the chain last answered, undefined if it never did. */
  lagMs(): number | undefined;
  blockNumber(): number | undefined;
  /** Asks now. */
  refresh(): Promise<Standing>;
  stop(): void;
};

export type RegistryWatchOptions = {
  readonly provider: JsonRpcProvider;
  readonly address: string;
  readonly chainId: number;
  /** 64 hex digits each. */
  readonly modelVersion: string;
  readonly datasetRoot: string;
  readonly pollMs: number;
  readonly maxAgeMs: number;
  readonly now: () => number;
  readonly logger: Logger;
};

/** Without the URL that was asked, which ethers tells in its full messages: operators' keys stand in it. */
const messageOf = (error: unknown): string => {
  const { shortMessage, message } = error as { readonly shortMessage?: string; readonly message?: string };
  return shortMessage ?? message ?? String(error);
};

const withoutPrefix = (hash: string): string => hash.replace(/^0x/, '').toLowerCase();

const readFacts = async ({ provider, address, chainId, modelVersion, datasetRoot }: RegistryWatchOptions) => {
  const answering = Number(await provider.send('eth_chainId', []));
  if (answering !== chainId) throw new Error(`the node is of chain ${answering}, not ${chainId}`);
  const registry = connectRegistry(address, provider);
  const blockNumber = await provider.getBlockNumber();
  // Both views at one block, so that they cannot tell of two different moments.
  const at = { blockTag: blockNumber };
  const [model, dataset] = await Promise.all([
    registry.modelOf(`0x${modelVersion}`, at),
    registry.datasetOf(`0x${datasetRoot}`, at),
  ]);
  const facts: RegistryFacts = {
    model: {
      registeredAt: Number(model.registeredAt),
      revokedAt: Number(model.revokedAt),
      datasetRoot: model.datasetRoot === ZeroHash ? '' : withoutPrefix(model.datasetRoot),
    },
    dataset: { approvedAt: Number(dataset.approvedAt), revokedAt: Number(dataset.revokedAt) },
  };
  return { facts, blockNumber };
};

/** Follows the registry, so that a revocation stops readings within pollMs, an unreachable chain within maxAgeMs. */
export const watchRegistry = (options: RegistryWatchOptions): RegistryWatch => {
  let seen:
    | { readonly facts: RegistryFacts; readonly blockNumber: number; readonly atMs: number }
    | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const standing = (): Standing => {
    const isFresh = seen !== undefined && options.now() - seen.atMs <= options.maxAgeMs;
    return judgeStanding(isFresh ? seen?.facts : undefined, options.datasetRoot);
  };
  const refresh = async (): Promise<Standing> => {
    // The age counts from before the question: a slow answer is an old answer.
    const atMs = options.now();
    try {
      seen = { ...(await readFacts(options)), atMs };
    } catch (error) {
      if (!isStopped)
        options.logger.warn(
          { error: { code: 'registry-unreachable', message: messageOf(error) } },
          'the registry did not answer',
        );
    }
    return standing();
  };
  const poll = (): void => {
    timer = setTimeout(() => {
      void refresh().finally(() => {
        if (!isStopped) poll();
      });
    }, options.pollMs).unref();
  };
  poll();
  return {
    standing,
    refresh,
    lagMs: () => (seen ? options.now() - seen.atMs : undefined),
    blockNumber: () => seen?.blockNumber,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
};
