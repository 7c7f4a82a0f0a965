import { z } from 'zod';
import { type JsonRpc, RpcRefusal } from './json-rpc.ts';

export interface LogFilter {
  readonly address: string;
  /** Alternatives for each topic; null matches anything. */
  readonly topics: readonly (string | readonly string[] | null)[];
}

export interface ChainLog {
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transaction: string;
  readonly logIndex: number;
}

export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Every matching log of a range, a page at a time. Providers limit ranges and result counts in ways that no two of
 * them share, so the page is halved whenever one refuses and grows again while they agree; a single block that is
 * refused is a real refusal. The filter's hex is lowercase.
 * @throws RpcRefusal or RpcUnreachable
 */
export async function* readLogs(
  rpc: JsonRpc,
  filter: LogFilter,
  range: BlockRange,
  onPage?: (blocksDone: number, blocksTotal: number) => void,
): AsyncGenerator<ChainLog> {
  let width = range.to - range.from + 1;
  for (let from = range.from; from <= range.to; ) {
    const to = Math.min(range.to, from + width - 1);
    let page: unknown;
    try {
      page = await rpc.call('eth_getLogs', [
        { ...filter, fromBlock: toQuantity(from), toBlock: toQuantity(to) },
      ]);
    } catch (error) {
      if (!(error instanceof RpcRefusal) || from === to) throw error;
      width = Math.ceil((to - from + 1) / 2);
      continue;
    }
    if (!Array.isArray(page)) throw new RpcRefusal(0, 'eth_getLogs: the answer is not a list');
    yield* page.map((log: unknown) => readLog(log, filter, { from, to }));
    onPage?.(to - range.from + 1, range.to - range.from + 1);
    from = to + 1;
    width *= 2;
  }
}

export const toQuantity = (n: number): string => `0x${n.toString(16)}`;

/** @throws RpcRefusal for anything that is not a number in hex */
export function fromQuantity(value: unknown): number {
  const n = typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(n))
    throw new RpcRefusal(0, `the node sent ${JSON.stringify(value)} for a number`);
  return n;
}

/** The last second that a time can name (docs/spec/record.md, "Field kinds"). */
const MAX_SECONDS = 253_402_300_799;

/** Seconds since 1970 from the chain. @throws RpcRefusal for what no date can show */
export function toSeconds(value: number | bigint): number {
  if (value > MAX_SECONDS) throw new RpcRefusal(0, `the node sent ${value} for a time`);
  return Number(value);
}

const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`));
const logSchema = z.object({
  address: hex(20),
  topics: z.array(hex(32)).min(1).max(4),
  data: z.string().regex(/^0x(?:[0-9a-fA-F]{2})*$/),
  blockNumber: z.string(),
  blockHash: hex(32),
  transactionHash: hex(32),
  logIndex: z.string(),
});

/** Holds a node to the question: a log of another contract or topic, or from elsewhere, was not asked for. */
function readLog(value: unknown, { address, topics }: LogFilter, { from, to }: BlockRange): ChainLog {
  const read = logSchema.safeParse(value);
  if (!read.success) throw new RpcRefusal(0, 'eth_getLogs: the node sent something that is no log');
  const log = read.data;
  const blockNumber = fromQuantity(log.blockNumber);
  const isAsked =
    log.address.toLowerCase() === address &&
    blockNumber >= from &&
    blockNumber <= to &&
    topics.every(
      (wanted, i) => wanted === null || [wanted].flat().includes(log.topics[i]?.toLowerCase() ?? ''),
    );
  if (!isAsked) throw new RpcRefusal(0, 'eth_getLogs: the node sent a log that was not asked for');
  return {
    topics: log.topics,
    data: log.data,
    blockNumber,
    blockHash: log.blockHash,
    transaction: log.transactionHash,
    logIndex: fromQuantity(log.logIndex),
  };
}
