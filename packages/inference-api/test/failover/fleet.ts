import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyPairOf, toHex, verifierKey } from '@testigo/trail';
import { get } from '../support/http.ts';
import { anchoringWith, type Ground } from '../support/world.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
export const ORIGIN = 'log.example.org/failover';
const SIGNING_KEY = '17'.repeat(32);
const { publicKey } = keyPairOf(Uint8Array.from(Buffer.from(SIGNING_KEY, 'hex')));

export const VERIFIER_KEY = verifierKey(ORIGIN, publicKey);

/** How long a writer may be silent. */
export const LEASE_MS = 1_500;

export type Fleet = {
  readonly urls: readonly string[];
  /** Which replica says that it writes; undefined while none does. */
  writer(): Promise<number | undefined>;
  /** Waits for a writer that is none of these. */
  waitForWriter(not: readonly number[]): Promise<number>;
  kill(replica: number): Promise<void>;
  restart(replica: number): Promise<void>;
  pause(replica: number): void;
  resume(replica: number): void;
  stop(): Promise<void>;
};

const findPorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return servers.map((server) => {
    const { port } = server.address() as { port: number };
    server.close();
    return port;
  });
};

const isUp = (url: string): Promise<boolean> =>
  fetch(`${url}/livez`, { signal: AbortSignal.timeout(1_000) }).then(
    (response) => response.ok,
    () => false,
  );

const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain for ${what}`);
};

const roleOf = async (url: string): Promise<string | undefined> => {
  const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(300) }).catch(() => undefined);
  const body = (await ready?.json().catch(() => undefined)) as { replica?: { role: string } } | undefined;
  return body?.replica?.role;
};

/** Processes of the built service over one database, and a registry to anchor in. */
export const startFleet = async (count: number, store: string, ground: Ground): Promise<Fleet> => {
  const folder = mkdtempSync(join(tmpdir(), 'testigo-fleet-'));
  const ports = await findPorts(count);
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const children: ChildProcess[] = [];
  const files = ports.map((port, replica) => {
    const file = join(folder, `${replica}.json`);
    const config = {
      dataDir: join(folder, String(replica)),
      store,
      replica: { leaseMs: LEASE_MS },
      server: { port, drainMs: 2_000 },
      limits: { requestsPerMinute: 1_000_000 },
      log: { origin: ORIGIN, signingKey: SIGNING_KEY },
      keys: { masterKey: '29'.repeat(32) },
      model: { bundleDir: ground.bundleDir },
      registry: { rpcUrl: ground.chain.url, address: ground.address, chainId: ground.chain.chainId },
      anchoring: { ...anchoringWith(ground), pollMs: 200, minIntervalMs: 500 },
      logging: { level: process.env.FLEET_LOG ?? 'silent', format: 'ecs' },
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  });
  const restart = async (replica: number): Promise<void> => {
    const child = spawn(process.execPath, [main, '--config', files[replica]!], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    children[replica] = child;
    await until(`replica ${replica} to start`, async () => {
      if (child.exitCode !== null) throw new Error(`replica ${replica} ended with ${child.exitCode}`);
      return (await isUp(urls[replica]!)) || undefined;
    });
  };
  const writer = async (): Promise<number | undefined> => {
    const at = (await Promise.all(urls.map(roleOf))).indexOf('writer');
    return at < 0 ? undefined : at;
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  const { registry, chain } = ground;
  await (await registry.openLog(ORIGIN, chain.accounts[1]!.address, `0x${toHex(publicKey)}`, 3600)).wait();
  await Promise.all(files.map((_, replica) => restart(replica)));
  return {
    urls,
    writer,
    waitForWriter: (not) =>
      until('a writer', async () => {
        const found = await Promise.all(urls.map(roleOf));
        const at = found.findIndex((role, replica) => role === 'writer' && !not.includes(replica));
        return at < 0 ? undefined : at;
      }),
    kill: (replica) => end(children[replica]!, 'SIGKILL'),
    restart,
    pause: (replica) => void children[replica]!.kill('SIGSTOP'),
    resume: (replica) => void children[replica]!.kill('SIGCONT'),
    stop: async () => {
      for (const child of children) child.kill('SIGCONT');
      await Promise.all(children.map((child) => end(child, 'SIGTERM')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** From whichever replica answers. */
export const getFromAny = async (urls: readonly string[], path: string) => {
  for (const url of urls) {
    const answer = await get(url + path).catch(() => undefined);
    if (answer?.status === 200) return answer;
  }
  throw new Error(`no replica answers ${path}`);
};
