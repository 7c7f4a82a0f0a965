import { TestigoRegistry__factory } from '@testigo/contracts';
import { keccak256, type LogDescription } from 'ethers';
import { type JsonRpc, RpcRefusal } from './json-rpc.ts';
import {
  type BlockRange,
  type ChainLog,
  fromQuantity,
  type LogFilter,
  readLogs,
  toQuantity,
  toSeconds,
} from './read-logs.ts';

const abi = TestigoRegistry__factory.createInterface();

export type RegistryEvent =
  | 'Anchored'
  | 'DatasetApproved'
  | 'DatasetRevoked'
  | 'DetectionRecorded'
  | 'LogOpened'
  | 'ModelRegistered'
  | 'ModelRevoked'
  | 'VerdictPublished';

export interface DecodedLog extends ChainLog {
  readonly args: LogDescription['args'];
}

export const bare = (hex: string): string => hex.replace(/^0x/, '').toLowerCase();
export const prefixed = (hex: string): string => `0x${bare(hex)}`;

/** Reads one registry at one address, at a block of the caller's choice. */
export class RegistryReader {
  readonly rpc: JsonRpc;
  readonly address: string;

  constructor(rpc: JsonRpc, address: string) {
    this.rpc = rpc;
    this.address = prefixed(address);
  }

  async readChainId(): Promise<number> {
    return fromQuantity(await this.rpc.call('eth_chainId', []));
  }

  /** keccak256 of the runtime code without 0x; undefined where there is none. */
  async readCodeHash(): Promise<string | undefined> {
    const code = await this.rpc.call('eth_getCode', [this.address, 'latest']);
    if (typeof code !== 'string' || !/^0x(?:[0-9a-f]{2})*$/i.test(code))
      throw new RpcRefusal(0, 'eth_getCode: the answer is no code');
    return code === '0x' ? undefined : bare(keccak256(code));
  }

  /** Number of the latest block, or of the last final one; -1 where the chain knows no final block. */
  async readBlockNumber(tag: 'latest' | 'finalized'): Promise<number> {
    try {
      const block = (await this.rpc.call('eth_getBlockByNumber', [tag, false])) as {
        number?: unknown;
      } | null;
      return block === null ? -1 : fromQuantity(block.number);
    } catch (error) {
      if (tag === 'finalized' && error instanceof RpcRefusal) return -1;
      throw error;
    }
  }

  async readBlockTime(blockNumber: number): Promise<number> {
    const block = await this.rpc.call('eth_getBlockByNumber', [toQuantity(blockNumber), false]);
    return toSeconds(fromQuantity((block as { timestamp?: unknown } | null)?.timestamp));
  }

  /** Calls a view; undefined where the contract reverts, as it does for a log it does not know. */
  async call(
    view: 'headOf' | 'modelOf' | 'datasetOf' | 'logOf' | 'isStale',
    key: string,
    block: number | 'latest',
  ) {
    const data = abi.encodeFunctionData(view as 'headOf', [prefixed(key)]);
    const tag = block === 'latest' ? block : toQuantity(block);
    let result: unknown;
    try {
      result = await this.rpc.call('eth_call', [{ to: this.address, data }, tag]);
    } catch (error) {
      if (error instanceof RpcRefusal && /revert/i.test(error.message)) return undefined;
      throw error;
    }
    try {
      return abi.decodeFunctionResult(view as 'headOf', String(result));
    } catch (cause) {
      throw new RpcRefusal(0, `eth_call: the answer is not one of ${view}`, undefined, { cause });
    }
  }

  async *readEvents(
    event: RegistryEvent,
    indexed: readonly (string | readonly string[] | null)[],
    range: BlockRange,
    onPage?: (done: number, total: number) => void,
  ): AsyncGenerator<DecodedLog> {
    const topics = [abi.getEvent(event).topicHash, ...indexed];
    const filter: LogFilter = { address: this.address, topics };
    for await (const log of readLogs(this.rpc, filter, range, onPage)) {
      yield { ...log, args: decodeEvent(event, log) };
    }
  }
}

/** @throws RpcRefusal where the words of the event are missing or make no sense */
function decodeEvent(event: RegistryEvent, { topics, data }: ChainLog): LogDescription['args'] {
  try {
    const { args } = abi.parseLog({ topics: [...topics], data })!;
    // what cannot be decoded is thrown when it is looked at
    args.toArray();
    return args;
  } catch (cause) {
    throw new RpcRefusal(0, `eth_getLogs: the answer is no ${event}`, undefined, { cause });
  }
}
