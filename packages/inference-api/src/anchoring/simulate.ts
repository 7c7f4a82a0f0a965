import { REGISTRY_ABI } from '@testigo/contracts';
import { Interface } from 'ethers';
import { type JsonRpc, RpcError } from './json-rpc.ts';

const REGISTRY = new Interface(REGISTRY_ABI);

/** What a node's simulation of the call ended in. */
export type Simulation =
  | { readonly kind: 'gas'; readonly gas: bigint }
  | { readonly kind: 'revert'; readonly error: string; readonly args: readonly unknown[] };

// Nodes wrap revert data differently: a hex string, or an object that holds one.
const findRevertData = (data: unknown): string | undefined => {
  if (typeof data === 'string' && data.startsWith('0x')) return data;
  if (typeof data !== 'object' || data === null) return undefined;
  return Object.values(data)
    .map(findRevertData)
    .find((found) => found !== undefined);
};

/** `eth_estimateGas`. @throws RpcError where the node failed for another reason than the contract's refusal */
export const simulateCall = async (
  rpc: JsonRpc,
  call: { readonly from: string; readonly to: string; readonly data: string },
): Promise<Simulation> => {
  try {
    return { kind: 'gas', gas: BigInt((await rpc('eth_estimateGas', [call])) as string) };
  } catch (error) {
    const data = error instanceof RpcError ? findRevertData(error.data) : undefined;
    const parsed = data === undefined ? null : REGISTRY.parseError(data);
    if (!parsed) throw error;
    return { kind: 'revert', error: parsed.name, args: [...parsed.args] };
  }
};
