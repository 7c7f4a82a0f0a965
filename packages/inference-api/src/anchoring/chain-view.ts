import { REGISTRY_ABI } from '@testigo/contracts';
import { Interface } from 'ethers';
import type { JsonRpc } from './json-rpc.ts';

const REGISTRY = new Interface(REGISTRY_ABI);

export interface BlockRef {
  readonly number: number;
  readonly hash: string;
}

export interface RegistryHead {
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
}

export interface MinedTransaction {
  readonly hash: string;
  readonly block: BlockRef;
  readonly isSuccess: boolean;
}

/** What one node says of the chain at one block. */
export interface ChainView {
  readonly block: BlockRef;
  readonly safeNumber: number;
  readonly finalizedNumber: number;
  readonly head: RegistryHead;
  /** The anchoring account's count of mined transactions. */
  readonly nonce: number;
  /** Those of the asked transactions that are in canonical blocks. */
  readonly mined: ReadonlyMap<string, MinedTransaction>;
}

export interface ChainQuestion {
  readonly registry: string;
  readonly logId: string;
  readonly account: string;
  readonly transactionHashes: readonly string[];
  /** Where the chain knows no `safe` and `finalized` tags: how deep a block must lie. */
  readonly depths: { readonly safe: number; readonly finalized: number };
}

const hex = (value: number): string => `0x${value.toString(16)}`;

const readBlock = async (rpc: JsonRpc, tag: string): Promise<BlockRef | undefined> => {
  const block = (await rpc('eth_getBlockByNumber', [tag, false])) as { number: string; hash: string } | null;
  return block ? { number: Number(block.number), hash: block.hash } : undefined;
};

const readHead = async (
  rpc: JsonRpc,
  { registry, logId }: ChainQuestion,
  tag: string,
): Promise<RegistryHead> => {
  const data = REGISTRY.encodeFunctionData('headOf', [`0x${logId}`]);
  const answer = (await rpc('eth_call', [{ to: registry, data }, tag])) as string;
  const [size, root] = REGISTRY.decodeFunctionResult('headOf', answer) as unknown as [bigint, string];
  return { size: Number(size), root: root.slice(2) };
};

/** A receipt counts only while its block is the canonical one at its height: nodes keep receipts of orphans. */
const readMined = async (
  rpc: JsonRpc,
  hash: string,
  atMost: number,
): Promise<MinedTransaction | undefined> => {
  const receipt = (await rpc('eth_getTransactionReceipt', [hash])) as {
    blockNumber: string;
    blockHash: string;
    status: string;
  } | null;
  if (!receipt?.blockHash || Number(receipt.blockNumber) > atMost) return undefined;
  const canonical = await readBlock(rpc, hex(Number(receipt.blockNumber)));
  if (canonical?.hash !== receipt.blockHash) return undefined;
  return { hash, block: canonical, isSuccess: Number(receipt.status) === 1 };
};

const readTagged = async (rpc: JsonRpc, tag: string, fallback: number): Promise<number> => {
  const block = await readBlock(rpc, tag).catch(() => undefined);
  return block?.number ?? Math.max(0, fallback);
};

/** Asks one node about one block, by default its newest. Throws if the node is away or its chain moved meanwhile. */
export const readChainView = async (
  rpc: JsonRpc,
  question: ChainQuestion,
  at?: number,
): Promise<ChainView> => {
  const block = await readBlock(rpc, at === undefined ? 'latest' : hex(at));
  if (!block) throw new Error(`the node has no block ${at ?? 'latest'}`);
  const tag = hex(block.number);
  const [head, nonce, safeNumber, finalizedNumber, mined] = await Promise.all([
    readHead(rpc, question, tag),
    rpc('eth_getTransactionCount', [question.account, tag]),
    readTagged(rpc, 'safe', block.number - question.depths.safe),
    readTagged(rpc, 'finalized', block.number - question.depths.finalized),
    Promise.all(question.transactionHashes.map((hash) => readMined(rpc, hash, block.number))),
  ]);
  if ((await readBlock(rpc, tag))?.hash !== block.hash) throw new Error('the chain moved while it was read');
  return {
    block,
    head,
    nonce: Number(nonce),
    safeNumber,
    finalizedNumber,
    mined: new Map(mined.filter((entry) => entry !== undefined).map((entry) => [entry.hash, entry])),
  };
};

/** How far a mined transaction has come, and where it is. Without enough nodes that agree nothing is more than mined. */
export const settleIn = (
  { hash: transactionHash, block: { number: blockNumber, hash: blockHash } }: MinedTransaction,
  view: ChainView,
  isClaimable: boolean,
) => {
  const depth =
    blockNumber <= view.finalizedNumber ? 'finalized' : blockNumber <= view.safeNumber ? 'safe' : 'mined';
  return { state: isClaimable ? depth : 'mined', transactionHash, blockNumber, blockHash } as const;
};
