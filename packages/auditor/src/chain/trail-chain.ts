import type { TrailChain } from '../trail/run-trail.ts';
import type { Trust } from '../trust/trust-file.ts';
import { JsonRpc } from './json-rpc.ts';
import { readChain } from './read-facts.ts';
import { bare, prefixed, RegistryReader } from './registry-reader.ts';

/** What an audit of a whole log asks the chain, from the first of the given providers; the others are compared. */
export function openTrailChain(urls: readonly URL[], trust: Trust, signal: AbortSignal): TrailChain {
  const { registry, deployedAtBlock: fromBlock } = trust;
  const [first] = urls;
  const reader = first && new RegistryReader(new JsonRpc(first, signal), registry);
  return {
    readAnswer: (logId) => readChain(urls, { registry, fromBlock, logId }, signal),
    async readCounts(logId) {
      const counts = new Map<number, Map<string, number>>();
      if (reader === undefined) return counts;
      const range = { from: fromBlock, to: await reader.readBlockNumber('latest') };
      for await (const { args } of reader.readEvents('Anchored', [prefixed(logId)], range)) {
        if (args.count === 0n) continue;
        const models = counts.get(Number(args.size)) ?? new Map<string, number>();
        const model = bare(args.modelVersion);
        counts.set(Number(args.size), models.set(model, (models.get(model) ?? 0) + Number(args.count)));
      }
      return counts;
    },
    async readModelRoot(modelVersion) {
      const [model] = (await reader?.call('modelOf', modelVersion, 'latest')) ?? [];
      return model === undefined || model.registeredAt === 0n ? undefined : bare(model.datasetRoot);
    },
  };
}
