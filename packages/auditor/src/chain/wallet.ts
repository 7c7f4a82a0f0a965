import {
  JsonRpcApiProvider,
  type JsonRpcApiProviderOptions,
  type JsonRpcError,
  type JsonRpcPayload,
  type JsonRpcResult,
  Network,
  Wallet,
} from 'ethers';
import { AuditError } from '../errors.ts';
import { type JsonRpc, RpcRefusal } from './json-rpc.ts';

const OPTIONS = { batchMaxCount: 1, cacheTimeout: -1 } satisfies JsonRpcApiProviderOptions;

/** ethers over this program's own client, which gives up in bounded time and says why. */
class BoundedProvider extends JsonRpcApiProvider {
  readonly #rpc: JsonRpc;

  constructor(rpc: JsonRpc, chainId: number) {
    const network = Network.from(chainId);
    super(network, { ...OPTIONS, staticNetwork: network });
    this.#rpc = rpc;
  }

  override async _send(
    payload: JsonRpcPayload | JsonRpcPayload[],
  ): Promise<(JsonRpcResult | JsonRpcError)[]> {
    const asked = Array.isArray(payload) ? payload : [payload];
    return Promise.all(asked.map((one) => this.#answer(one)));
  }

  async #answer({ id, method, params }: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    try {
      return { id, result: await this.#rpc.call(method, params as readonly unknown[]) };
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      const { rpcCode: code, message, data } = error;
      return { id, error: { code, message, ...(data !== undefined && { data }) } };
    }
  }
}

/** An account that signs here: the key never leaves this process. @throws AuditError `key-unreadable` */
export function openWallet(rpc: JsonRpc, chainId: number, secretKey: string): Wallet {
  const bare = secretKey.trim().replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{64}$/.test(bare))
    throw new AuditError('key-unreadable', 'the account key is not 32 bytes in hex');
  const provider = new BoundedProvider(rpc, chainId);
  provider._start();
  try {
    return new Wallet(`0x${bare}`, provider);
  } catch {
    // Without the library's own error, which may quote the key.
    throw new AuditError('key-unreadable', 'the account key is not a key of this kind of chain');
  }
}
