import type { Provider } from 'ethers';
import { RegistryError } from '../errors.ts';

/** The timestamp of a block, in Unix seconds. */
export const timeOfBlock = async (provider: Provider, blockNumber: number): Promise<number> => {
  const block = await provider.getBlock(blockNumber);
  if (block === null) throw new RegistryError('query-failed', `the node does not know block ${blockNumber}`);
  return block.timestamp;
};

/**
 * The first block at or after a time, by bisection (block times only ever grow); one past the last block when the
 * chain has not come that far. About 25 requests on a chain of 30 million blocks.
 */
export const firstBlockAt = async (provider: Provider, unixSeconds: number): Promise<number> => {
  let low = 0;
  let high = (await provider.getBlockNumber()) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await timeOfBlock(provider, middle)) < unixSeconds) low = middle + 1;
    else high = middle;
  }
  return low;
};
