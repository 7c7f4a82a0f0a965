import type { JsonRpc } from './json-rpc.ts';

export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

const GWEI = 1_000_000_000n;

const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smallest = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** EIP-1559: twice the base fee stays valid through six full blocks in a row (each raises it by an eighth). */
export const readFees = async (rpc: JsonRpc): Promise<Fees> => {
  const [block, tip] = await Promise.all([
    rpc('eth_getBlockByNumber', ['latest', false]) as Promise<{ baseFeePerGas?: string }>,
    rpc('eth_maxPriorityFeePerGas', []).catch(() => `0x${GWEI.toString(16)}`),
  ]);
  const maxPriorityFeePerGas = BigInt(tip as string);
  return { maxPriorityFeePerGas, maxFeePerGas: 2n * BigInt(block.baseFeePerGas ?? 0) + maxPriorityFeePerGas };
};

/** Nodes take a replacement only for at least 10 % more of both fees; a quarter more leaves room for rounding. */
export const raiseFees = (previous: Fees, current: Fees): Fees => ({
  maxFeePerGas: largest((previous.maxFeePerGas * 5n) / 4n + 1n, current.maxFeePerGas),
  maxPriorityFeePerGas: largest((previous.maxPriorityFeePerGas * 5n) / 4n + 1n, current.maxPriorityFeePerGas),
});

/** Undefined where the cap leaves no room to replace a transaction that already pays `previous`. */
export const capFees = (fees: Fees, cap: bigint, previous?: Fees): Fees | undefined => {
  if (fees.maxFeePerGas <= cap) return fees;
  if (previous) return undefined;
  return { maxFeePerGas: cap, maxPriorityFeePerGas: smallest(fees.maxPriorityFeePerGas, cap) };
};
