import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export type Fault =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }
  | { readonly status: number; readonly body: string };

/**
 * A JSON-RPC endpoint in front of a real node that lies where it is told to: it stands for the providers of the real
 * world, which limit ranges, lag behind, fail and, rarely, lie.
 */
export async function startFaultyNode(
  target: string,
  fault: (
    request: RpcRequest,
    answer: () => Promise<unknown>,
  ) => Promise<Fault | undefined> | Fault | undefined,
): Promise<{ url: string; requests: RpcRequest[]; stop: () => Promise<void> }> {
  const requests: RpcRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const request = JSON.parse(body) as RpcRequest;
    requests.push(request);
    const forward = async () => {
      const response = await fetch(target, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return ((await response.json()) as { result: unknown }).result;
    };
    const wrong = await fault(request, forward);
    if (wrong !== undefined && 'status' in wrong) {
      outgoing.writeHead(wrong.status).end(wrong.body);
      return;
    }
    const answer = wrong ?? { result: await forward() };
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ jsonrpc: '2.0', id: request.id, ...answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
