import type { BlockTag, Log, Provider } from 'ethers';
import { RegistryError } from '../errors.ts';
import type { TestigoRegistry } from '../registry.ts';
import type { EventFilter, RegistryEvent, RegistryEventName, RegistryEvents } from './events.ts';
import { type PagingOptions, readLogs } from './logs.ts';
import { firstBlockAt } from './time.ts';

export type QueryOptions = PagingOptions & {
  /** Default: the chain's first block. The block of the registry's deployment saves the most requests. */
  readonly fromBlock?: number;
  /** Default 'latest'. An auditor asks for 'finalized': what is not final can still vanish. */
  readonly toBlock?: BlockTag;
  /** Only events at or after this time, in Unix seconds. */
  readonly fromTime?: number;
  /** Only events before this time, in Unix seconds. */
  readonly beforeTime?: number;
};

/** A place in a query's results; plain data, so that it survives a restart or a trip through an HTTP API. */
export type Cursor = { readonly blockNumber: number; readonly logIndex: number };

export type Page<N extends RegistryEventName> = {
  readonly events: readonly RegistryEvent<N>[];
  /** Where the next page starts; absent on the last one. */
  readonly next?: Cursor;
};

/**
 * Every event of one kind that matches, oldest first, read page by page as the caller goes on.
 * The end of the range is settled when the query starts. Throws RegistryError 'query-failed' rather than leave a gap.
 */
export async function* findEvents<N extends RegistryEventName>(
  registry: TestigoRegistry,
  name: N,
  filter: EventFilter<N> = {},
  options: QueryOptions = {},
): AsyncGenerator<RegistryEvent<N>> {
  const provider = providerOf(registry);
  const [fromBlock, toBlock] = await rangeOf(provider, options);
  const topics = topicsOf(registry, name, filter);
  const address = await registry.getAddress();
  for await (const page of readLogs(provider, { address, topics }, fromBlock, toBlock, options)) {
    for (const log of page) yield toEvent(registry, name, log);
  }
}

/** At most `limit` events from a cursor on, and the cursor of the next page. */
export const findEventsPage = async <N extends RegistryEventName>(
  registry: TestigoRegistry,
  name: N,
  filter: EventFilter<N>,
  options: QueryOptions & { readonly limit: number; readonly cursor?: Cursor },
): Promise<Page<N>> => {
  const { cursor, limit } = options;
  const fromBlock = Math.max(options.fromBlock ?? 0, cursor?.blockNumber ?? 0);
  const events: RegistryEvent<N>[] = [];
  for await (const event of findEvents(registry, name, filter, { ...options, fromBlock })) {
    if (cursor && event.blockNumber === cursor.blockNumber && event.logIndex < cursor.logIndex) continue;
    if (events.length === limit) {
      return { events, next: { blockNumber: event.blockNumber, logIndex: event.logIndex } };
    }
    events.push(event);
  }
  return { events };
};

const providerOf = (registry: TestigoRegistry): Provider => {
  const provider = registry.runner?.provider;
  if (!provider) throw new RegistryError('query-failed', 'the registry is connected to no provider');
  return provider;
};

const rangeOf = async (provider: Provider, options: QueryOptions): Promise<[number, number]> => {
  const last = await provider.getBlock(options.toBlock ?? 'latest');
  if (last === null) throw new RegistryError('query-failed', `the node has no block ${options.toBlock}`);
  const earliest = options.fromTime === undefined ? 0 : await firstBlockAt(provider, options.fromTime);
  const end =
    options.beforeTime === undefined ? last.number : (await firstBlockAt(provider, options.beforeTime)) - 1;
  return [Math.max(options.fromBlock ?? 0, earliest), Math.min(last.number, end)];
};

const topicsOf = <N extends RegistryEventName>(
  registry: TestigoRegistry,
  name: N,
  filter: EventFilter<N>,
) => {
  const fragment = registry.interface.getEvent(name);
  const wanted = filter as Record<string, unknown>;
  return registry.interface.encodeFilterTopics(
    fragment,
    fragment.inputs.filter((input) => input.indexed).map((input) => wanted[input.name] ?? null),
  );
};

const toEvent = <N extends RegistryEventName>(
  registry: TestigoRegistry,
  name: N,
  log: Log,
): RegistryEvent<N> => {
  const fragment = registry.interface.getEvent(name);
  const args = registry.interface.decodeEventLog(fragment, log.data, log.topics).toObject();
  return {
    args: args as RegistryEvents[N],
    blockNumber: log.blockNumber,
    blockHash: log.blockHash,
    transactionHash: log.transactionHash,
    logIndex: log.index,
  };
};
