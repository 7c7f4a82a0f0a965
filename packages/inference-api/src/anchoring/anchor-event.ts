import { REGISTRY_ABI } from '@testigo/contracts';
import { Interface } from 'ethers';
import type { RegistryHead } from './chain-view.ts';
import type { JsonRpc } from './json-rpc.ts';

const REGISTRY = new Interface(REGISTRY_ABI);

export interface AnchorEvent {
  readonly transactionHash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
}

interface LogEntry {
  readonly transactionHash: string;
  readonly blockNumber: string;
  readonly blockHash: string;
}

/** Where the registry's head was anchored, if every node that answers says the same. */
export const findAnchorEvent = async (
  nodes: readonly JsonRpc[],
  registry: string,
  logId: string,
  head: RegistryHead,
  upToBlock: number,
): Promise<AnchorEvent | undefined> => {
  // Short of a collision of SHA-256, a root is the root of one size.
  const topics = [REGISTRY.getEvent('Anchored')?.topicHash, `0x${logId}`, null, `0x${head.root}`];
  const filter = { address: registry, topics, fromBlock: '0x0', toBlock: `0x${upToBlock.toString(16)}` };
  const answers = await Promise.allSettled(
    nodes.map((node) => node('eth_getLogs', [filter]) as Promise<LogEntry[]>),
  );
  const entries = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.at(-1)] : []));
  const [first] = entries;
  if (!first || entries.some((entry) => entry?.blockHash !== first.blockHash)) return undefined;
  const { transactionHash, blockNumber, blockHash } = first;
  return { transactionHash, blockNumber: Number(blockNumber), blockHash };
};
