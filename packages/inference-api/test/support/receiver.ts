import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export type Received = {
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly body: string;
};

/** What the receiver does with its n-th request, from 0: a status, and headers with it, or silence. */
export type Behaviour = (n: number) => { status: number; headers?: Record<string, string> } | 'silent';

export type Receiver = {
  readonly url: string;
  readonly received: readonly Received[];
  behave(behaviour: Behaviour): void;
  waitFor(count: number): Promise<void>;
  close(): Promise<void>;
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

/** A real HTTP server that takes webhooks. */
export const startReceiver = async (): Promise<Receiver> => {
  const received: Received[] = [];
  let behaviour: Behaviour = () => ({ status: 204 });
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const headers = request.headers as Record<string, string>;
      const act = behaviour(received.length);
      received.push({ id: headers['webhook-id'] ?? '', headers, body });
      if (act !== 'silent') response.writeHead(act.status, act.headers).end();
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    behave: (next) => {
      behaviour = next;
    },
    waitFor: async (count) => {
      const deadline = Date.now() + 20_000;
      while (received.length < count) {
        if (Date.now() > deadline) throw new Error(`${received.length} of ${count} webhooks came`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

type Message = { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> };

/** Checked by the standard's own library. @throws WebhookVerificationError */
export const verifyWebhook = (secret: string, { body, headers }: Received): Message =>
  new Webhook(secret).verify(body, headers) as Message;
