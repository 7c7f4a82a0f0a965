import type { TrailChain } from '../trail/run-trail.ts';
import type { Trust } from '../trust/trust-file.ts';
import { JsonRpc } from './json-rpc.ts';
import { readChain } from './read-facts.ts';
import { bare, RegistryReader } from './registry-reader.ts';

/** What an audit of a whole log asks the chain, and every given provider of it. */
export function openTrailChain(urls: readonly URL[], trust: Trust, signal: AbortSignal): TrailChain {
  const { registry, deployedAtBlock: fromBlock } = trust;
  const readers = urls.map((url) => new RegistryReader(new JsonRpc(url, signal), registry));
  return {
    readAnswer: (logId) => readChain(urls, { registry, fromBlock, logId }, signal),
    async readModelRoots(modelVersion) {
      const roots: (string | undefined)[] = [];
      for (const reader of readers) {
        const [model] = (await reader.call('modelOf', modelVersion, 'latest')) ?? [];
        roots.push(model === undefined || model.registeredAt === 0n ? undefined : bare(model.datasetRoot));
      }
      return roots;
    },
  };
}
