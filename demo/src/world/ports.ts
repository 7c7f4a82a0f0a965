import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/** @throws Error that says which option chooses another port */
export const requireFreePort = (port: number, option: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${cause.code ?? cause.message})`;
      reject(
        new Error(`port ${port} ${why}: stop what uses it, or choose another with ${option} N`, { cause }),
      );
    });
    probe.listen(port, HOST, () => probe.close(() => resolve()));
  });
