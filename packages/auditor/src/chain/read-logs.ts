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
 * refused is a real refusal.
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
    yield* page.map(readLog);
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

function readLog(log: Record<string, unknown>): ChainLog {
  return {
    topics: log.topics as string[],
    data: String(log.data),
    blockNumber: fromQuantity(log.blockNumber),
    blockHash: String(log.blockHash),
    transaction: String(log.transactionHash),
    logIndex: fromQuantity(log.logIndex),
  };
}
