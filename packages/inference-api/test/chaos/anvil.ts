import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { connectJsonRpc, type JsonRpc } from '../../src/anchoring/json-rpc.ts';

export interface Anvil {
  readonly url: string;
  readonly rpc: JsonRpc;
  readonly stop: () => Promise<void>;
}

/** `safe` lies this many blocks behind, `finalized` twice as many: a reorg of less than that is legitimate. */
export const EPOCH_SLOTS = 3;

const findBinary = (): string | undefined => {
  try {
    const manifest = createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/package.json');
    return join(dirname(manifest), 'bin', 'anvil');
  } catch {
    return undefined;
  }
};

const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });

/** A chain that mines when told to and can reorganise; undefined on a platform that anvil's package does not serve. */
export const startAnvil = async (): Promise<Anvil | undefined> => {
  const binary = findBinary();
  if (!binary) return undefined;
  const port = await findFreePort();
  const argv = [
    '--port',
    String(port),
    '--silent',
    '--slots-in-an-epoch',
    String(EPOCH_SLOTS),
    '--chain-id',
    '31337',
  ];
  const child = spawn(binary, argv, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const rpc = connectJsonRpc(url, 60_000);
  for (let attempt = 0; ; attempt++) {
    try {
      await rpc('eth_chainId', []);
      break;
    } catch (error) {
      if (attempt > 200 || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, rpc, stop };
};
