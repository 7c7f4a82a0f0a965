/** A node answered with an error object. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(method: string, error: { code?: number; message?: string; data?: unknown }) {
    super(`${method}: ${error.message ?? 'unknown error'}`);
    this.name = 'RpcError';
    this.code = error.code ?? 0;
    this.data = error.data;
  }
}

/** One JSON-RPC node. Without ethers' provider: its caches and retries would hide what a node really said. */
export type JsonRpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

let lastId = 0;

export const connectJsonRpc =
  (url: string, timeoutMs = 5_000): JsonRpc =>
  async (method, params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++lastId, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.json()) as { result?: unknown; error?: { message?: string } };
    if (answer.error) throw new RpcError(method, answer.error);
    return answer.result ?? null;
  };

/** The first answer of any node; where none has one, the last one's error. */
export const askAnyNode = async <T>(
  nodes: readonly JsonRpc[],
  ask: (node: JsonRpc) => Promise<T>,
): Promise<T> => {
  let failure: unknown;
  for (const node of nodes) {
    try {
      return await ask(node);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
};
