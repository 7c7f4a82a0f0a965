import type { JsonRpc } from '../../src/anchoring/json-rpc.ts';
import type { Random } from './random.ts';

/** The process is gone at this point: whoever waits for the call never hears of it. */
export class Crash extends Error {}

export interface Faults {
  /** Share of calls that fail before the node sees them, or after it acted on them. */
  lossRate: number;
  /** Share of transactions that reach the node later, out of order. */
  delayRate: number;
  /** What the node says that is not so. */
  lie: 'none' | 'head' | 'nonce' | 'no-receipt' | 'old-view' | 'receipt';
  /** Calls until the process dies; undefined: it lives. */
  crashIn: number | undefined;
}

export const calm = (): Faults => ({ lossRate: 0, delayRate: 0, lie: 'none', crashIn: undefined });

const word = (value: string): string => value.padStart(64, '0');

const OLD_BLOCKS = 4;

const tellLie = async (node: JsonRpc, lie: Faults['lie'], method: string, params: readonly unknown[]) => {
  const truth = await node(method, params);
  if (lie === 'head' && method === 'eth_call') return `0x${word('ffff')}${'1'.repeat(64)}${word('0')}`;
  if (lie === 'nonce' && method === 'eth_getTransactionCount') return `0x${(Number(truth) + 1).toString(16)}`;
  if (lie === 'no-receipt' && method === 'eth_getTransactionReceipt') return null;
  if (lie === 'receipt' && method === 'eth_getTransactionReceipt' && truth === null) {
    const block = (await node('eth_getBlockByNumber', ['latest', false])) as { number: string; hash: string };
    return { blockNumber: block.number, blockHash: block.hash, status: '0x1' };
  }
  if (lie === 'old-view' && method === 'eth_getBlockByNumber' && params[0] === 'latest') {
    const number = Number((truth as { number: string }).number);
    return node(method, [`0x${Math.max(0, number - OLD_BLOCKS).toString(16)}`, false]);
  }
  return truth;
};

/** A node between the anchorer and the chain that loses, delays, lies, and dies with the process. */
export class FaultyNode {
  faults: Faults = calm();
  readonly #node: JsonRpc;
  readonly #random: Random;
  readonly #delayed: unknown[] = [];

  constructor(node: JsonRpc, random: Random) {
    this.#node = node;
    this.#random = random;
  }

  readonly rpc: JsonRpc = async (method, params) => {
    const { faults } = this;
    if (faults.crashIn !== undefined && faults.crashIn-- <= 0) throw new Crash('the process was killed');
    const isLost = this.#random.chance(faults.lossRate);
    if (isLost && this.#random.chance(0.5)) throw new Error('connection refused');
    if (method === 'eth_sendRawTransaction' && this.#random.chance(faults.delayRate)) {
      this.#delayed.push(params[0]);
      throw new Error('timeout');
    }
    const answer = await tellLie(this.#node, faults.lie, method, params);
    if (isLost) throw new Error('connection reset');
    return answer;
  };

  /** What was held back arrives now, newest first. */
  async deliverDelayed(): Promise<void> {
    for (const raw of this.#delayed.splice(0).reverse()) {
      await this.#node('eth_sendRawTransaction', [raw]).catch(() => undefined);
    }
  }
}
