import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FetchRequest, JsonRpcProvider, Network } from 'ethers';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ground, prepareGround } from '../../test/support/world.ts';
import { parseConfig } from '../config.ts';
import { createLogger } from '../logging.ts';
import { watchRegistry } from './registry-watch.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

describe('a node that refuses', () => {
  it('is told of without the key in its URL', async () => {
    const node = createServer((_request, response) => response.writeHead(403).end('no such account-key'));
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    const request = new FetchRequest(
      `http://127.0.0.1:${(node.address() as AddressInfo).port}/v3/account-key`,
    );
    const network = Network.from(1);
    const provider = new JsonRpcProvider(request, network, { staticNetwork: network });
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    const watch = watchRegistry({
      provider,
      address: `0x${'1'.repeat(40)}`,
      chainId: 1,
      modelVersion: 'a'.repeat(64),
      datasetRoot: 'b'.repeat(64),
      pollMs: HOUR_MS,
      maxAgeMs: MINUTE_MS,
      now: () => 0,
      logger,
    });
    expect((await watch.refresh()).mayRead).toBe(false);
    watch.stop();
    provider.destroy();
    node.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('registry-unreachable');
    expect(lines[0]).toContain('403');
    expect(lines[0]).not.toContain('account-key');
  });
});

describe('a revocation on chain', () => {
  let ground: Ground;
  let provider: JsonRpcProvider;
  beforeAll(async () => {
    ground = await prepareGround();
    provider = new JsonRpcProvider(ground.chain.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  });
  afterAll(async () => {
    provider.destroy();
    await ground.stop();
  });

  it('stops readings within a minute, even where the registry is asked once an hour', async () => {
    const { modelVersion, datasetRoot, address, chain, registry } = ground;
    let nowMs = 1_000_000;
    const watch = watchRegistry({
      provider,
      address,
      chainId: chain.chainId,
      modelVersion,
      datasetRoot,
      pollMs: HOUR_MS,
      maxAgeMs: MINUTE_MS,
      now: () => nowMs,
      logger: createLogger({ level: 'silent', format: 'ecs' }, false),
    });
    expect((await watch.refresh()).mayRead).toBe(true);
    await (await registry.revokeModel(`0x${modelVersion}`, 'test')).wait();
    nowMs += MINUTE_MS;
    expect(watch.standing().mayRead).toBe(true);
    nowMs += 1;
    expect(watch.standing()).toMatchObject({ mayRead: false, code: 'registry-unreachable' });
    expect(await watch.refresh()).toMatchObject({ mayRead: false, code: 'model-revoked' });
    watch.stop();
  });

  it('cannot be given longer by configuration', () => {
    const registry = { rpcUrl: 'http://127.0.0.1:1', address: `0x${'0'.repeat(40)}`, chainId: 1 };
    const { pollMs, maxAgeMs } = parseConfig({ registry }).registry;
    expect([pollMs, maxAgeMs]).toEqual([10_000, MINUTE_MS]);
    expect(() => parseConfig({ registry: { ...registry, maxAgeMs: MINUTE_MS + 1 } })).toThrow('maxAgeMs');
  });
});
