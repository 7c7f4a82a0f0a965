import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What to send instead of the file, or nothing to send the file. `times` counts requests for this path from 1. */
export type Lie = (path: string, times: number) => Uint8Array | string | undefined;

/** Serves a log folder over HTTP, as it is or with lies that no folder could tell: another answer each time, say. */
export async function serveLog(
  dir: string,
  lie: Lie = () => undefined,
): Promise<{ readonly url: string; readonly stop: () => void }> {
  const seen = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').slice(1);
    const times = (seen.get(path) ?? 0) + 1;
    seen.set(path, times);
    const told = lie(path, times);
    if (told !== undefined) {
      response.end(told);
      return;
    }
    readFile(join(dir, path)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
