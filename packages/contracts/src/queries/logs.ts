import type { Filter, Log, Provider } from 'ethers';
import { RegistryError } from '../errors.ts';

export type PagingOptions = {
  /** Blocks asked for at once; halved when the node refuses, and grown back when it answers. Default 10,000. */
  readonly maxBlocks?: number;
  /** Failures in a row of the smallest request before giving up. Default 3. */
  readonly retries?: number;
  /** Waits between failures; replaced in tests. */
  readonly sleep?: (ms: number) => Promise<void>;
};

const FIRST_PAUSE_MS = 100;
const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'NETWORK_ERROR',
]);

const defaultSleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A node that cannot be reached will not answer a smaller question either. */
const isConnectionError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && CONNECTION_ERRORS.has(String(error.code));

/**
 * Reads the logs of a block range in order, a page of blocks at a time. Nodes limit the range or the number of results
 * of one `eth_getLogs` and each says so in its own words, so any refusal halves the page.
 * Throws RegistryError 'query-failed' when even one block cannot be read: a gap is never passed over.
 */
export async function* readLogs(
  provider: Provider,
  filter: Pick<Filter, 'address' | 'topics'>,
  fromBlock: number,
  toBlock: number,
  options: PagingOptions = {},
): AsyncGenerator<readonly Log[]> {
  const maxBlocks = options.maxBlocks ?? 10_000;
  const retries = options.retries ?? 3;
  const sleep = options.sleep ?? defaultSleep;
  let span = maxBlocks;
  let failures = 0;
  let from = fromBlock;
  while (from <= toBlock) {
    const to = Math.min(toBlock, from + span - 1);
    let page: readonly Log[];
    try {
      page = await provider.getLogs({ ...filter, fromBlock: from, toBlock: to });
    } catch (cause) {
      const isSmallest = to === from || isConnectionError(cause);
      if (isSmallest) failures += 1;
      if (failures > retries) {
        throw new RegistryError('query-failed', `cannot read the logs of blocks ${from} to ${to}`, { cause });
      }
      await sleep(FIRST_PAUSE_MS * 2 ** failures);
      if (!isSmallest) span = Math.max(1, Math.floor((to - from + 1) / 2));
      continue;
    }
    failures = 0;
    span = Math.min(maxBlocks, span * 2);
    from = to + 1;
    if (page.length > 0) yield page;
  }
}
