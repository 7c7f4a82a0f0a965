import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { readBody, readJson } from './read-body.ts';

it('reads a body up to its limit, and gives up on one without end', async () => {
  const exact = () => new Response(new Uint8Array(1000));
  expect((await readBody(exact(), 1000)).length).toBe(1000);
  await expect(readBody(exact(), 999)).rejects.toThrow('larger than 999 bytes');
  let sent = 0;
  const server = createServer((_, response) => {
    const send = () => {
      while (!response.destroyed && response.write(new Uint8Array(65_536))) sent += 65_536;
    };
    response.on('drain', send);
    send();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await expect(readBody(await fetch(`http://127.0.0.1:${port}`), 1 << 20)).rejects.toThrow('larger than');
  server.closeAllConnections();
  server.close();
  expect(sent).toBeLessThan(64 << 20);
});

it('says what came where it is not JSON', async () => {
  await expect(readJson(new Response('<html>', { status: 404 }), 100)).rejects.toThrow(
    'HTTP 404, and the answer is not JSON',
  );
});
