import type { ChainAnswer } from '../chain/facts.ts';
import type { FactsQuery } from '../chain/read-facts.ts';
import type { Trust } from '../trust/trust-file.ts';
import type { Io } from './io.ts';
import type { ChainOptions } from './options.ts';

/** Reads the facts a check needs from every given provider, at the pinned address and nowhere else. */
export async function lookUpFacts(
  io: Io,
  options: ChainOptions,
  trust: Trust | undefined,
  query: Omit<FactsQuery, 'registry' | 'fromBlock'>,
): Promise<ChainAnswer> {
  const [first] = options.chain;
  if (first === undefined) return { status: 'not-given' };
  // Without a pin there is no address worth asking.
  if (trust === undefined) return { status: 'not-pinned', source: first.host };
  const { readChain } = await import('../chain/read-facts.ts');
  return readChain(
    options.chain,
    { registry: trust.registry, fromBlock: trust.deployedAtBlock, ...query },
    io.signal,
  );
}
