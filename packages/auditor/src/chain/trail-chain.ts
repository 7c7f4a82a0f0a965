import type { TrailChain } from '../trail/run-trail.ts';
import type { Trust } from '../trust/trust-file.ts';
import { JsonRpc } from './json-rpc.ts';
import { readChain, readClaimFacts } from './read-facts.ts';
import { RegistryReader } from './registry-reader.ts';

/** What an audit of a whole log asks the chain, and every given provider of it. */
export function openTrailChain(urls: readonly URL[], trust: Trust, signal: AbortSignal): TrailChain {
  const { registry, deployedAtBlock: fromBlock } = trust;
  const readers = urls.map((url) => new RegistryReader(new JsonRpc(url, signal), registry));
  return {
    readAnswer: (logId) => readChain(urls, { registry, fromBlock, logId }, signal),
    readClaim: (claim, finalBlock) =>
      Promise.all(readers.map((reader) => readClaimFacts(reader, claim, finalBlock))),
  };
}
