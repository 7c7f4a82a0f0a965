import { connectRegistry } from '@testigo/contracts';
import { type LocalChain, startChain } from '@testigo/contracts/testing';
import { JsonRpcProvider, NonceManager, Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TransparencyLog } from '../log/log.ts';
import { openLog } from '../log/open-log.ts';
import { SqliteStore } from '../log/sqlite-store.ts';
import { makeFolder, newId, TEST_IDENTITY } from '../log/testing.ts';
import type { AnchorAlarm } from './anchor.ts';
import { AnchoringEngine, type EngineConfig } from './engine.ts';
import { connectJsonRpc, type JsonRpc } from './json-rpc.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { deployForTests, readRecordedLeaves, TEST_DATASET, TEST_MODEL } from './testing.ts';

const times = { pollMs: 20, minIntervalMs: 0, alignWaitMs: 0, resendAfterMs: 0, bumpAfterMs: 60_000 };
const newDetection = () => ({
  leaf: newId() + newId(),
  modelVersion: TEST_MODEL,
  datasetRoot: TEST_DATASET,
});

describe('detections recorded by themselves', { timeout: 60_000 }, () => {
  let chain: LocalChain;
  let registry: string;
  let folder: ReturnType<typeof makeFolder>;
  let log: TransparencyLog;
  let engine: AnchoringEngine;
  let alarms: AnchorAlarm[];

  const keyOf = (account: number): string => chain.accounts[account]!.privateKey;
  const openEngine = (overrides: Partial<EngineConfig> = {}) => {
    alarms = [];
    engine = new AnchoringEngine({
      log,
      outbox: new SqliteOutbox(folder.path, log.logId),
      nodes: [connectJsonRpc(chain.url)],
      registry,
      chainId: chain.chainId,
      signer: new Wallet(keyOf(1)),
      recorder: new Wallet(keyOf(2)),
      depths: { safe: 0, finalized: 0 },
      times,
      onAlarm: (alarm) => alarms.push(alarm),
      ...overrides,
    });
  };
  const restart = async (overrides: Partial<EngineConfig> = {}) => {
    await engine.stop();
    openEngine(overrides);
  };
  const codes = () => [...new Set(alarms.map(({ code }) => code))];
  const recorded = () => readRecordedLeaves(chain.url, registry);
  const asAdmin = async (task: (registry: ReturnType<typeof connectRegistry>) => Promise<unknown>) => {
    const provider = new JsonRpcProvider(chain.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
    await task(connectRegistry(registry, new NonceManager(new Wallet(keyOf(0), provider))));
    provider.destroy();
  };

  beforeAll(async () => {
    chain = await startChain();
  }, 60_000);
  afterAll(() => chain.stop());
  beforeEach(async () => {
    registry = await deployForTests(chain.url, keyOf(0), keyOf(1), keyOf(2));
    folder = makeFolder();
    log = await openLog({ ...TEST_IDENTITY, store: await SqliteStore.open(folder.path) });
    openEngine();
  }, 60_000);
  afterEach(async () => {
    await engine.stop();
    await log.close();
    folder.remove();
  });

  it('reach the chain once each, however often they are asked for', async () => {
    const detections = Array.from({ length: 20 }, newDetection);
    for (const detection of detections) await engine.recordDetection(detection);
    await engine.recordDetection(detections[0]!);
    for (let look = 0; look < 4; look++) await engine.look();
    const leaves = detections.map(({ leaf }) => leaf);
    expect((await recorded()).toSorted()).toEqual(leaves.toSorted());
    for (const leaf of leaves) expect(await engine.findRecording(leaf)).toMatchObject({ state: 'finalized' });
    await engine.recordDetection(detections[0]!);
    await engine.look();
    expect(await recorded()).toHaveLength(20);
    expect(alarms).toEqual([]);
  });

  it('are sent again as the stored bytes after a restart', async () => {
    const node = connectJsonRpc(chain.url);
    const sent: unknown[] = [];
    const listen =
      (isLost: boolean): JsonRpc =>
      async (method, params) => {
        if (method !== 'eth_sendRawTransaction') return node(method, params);
        sent.push(params[0]);
        return isLost ? Promise.reject(new Error('connection reset')) : node(method, params);
      };
    const detection = newDetection();
    await restart({ nodes: [listen(true)] });
    await engine.recordDetection(detection);
    await engine.look();
    await restart({ nodes: [listen(false)] });
    await engine.look();
    await engine.look();
    expect(await recorded()).toEqual([detection.leaf]);
    expect(sent).toHaveLength(2);
    expect(sent[0]).toBe(sent[1]);
  });

  it('wait for a role that is missing, and give up on a revoked model', async () => {
    await restart({ recorder: new Wallet(keyOf(3)) });
    const [first, second] = [newDetection(), newDetection()];
    await engine.recordDetection(first);
    await engine.look();
    expect(codes()).toEqual(['recording-refused']);
    expect(await engine.findRecording(first.leaf)).toMatchObject({ state: 'queued' });
    await restart();
    await engine.look();
    await engine.look();
    expect(await engine.findRecording(first.leaf)).toMatchObject({ state: 'finalized' });
    await asAdmin(async (contract) => (await contract.revokeModel(`0x${TEST_MODEL}`, 'biased')).wait());
    await engine.recordDetection(second);
    await engine.look();
    expect(codes()).toEqual(['recording-refused']);
    expect(await engine.findRecording(second.leaf)).toMatchObject({ state: 'refused' });
    expect(await recorded()).toEqual([first.leaf]);
  });

  it('go out under another nonce when theirs is taken', async () => {
    const node = connectJsonRpc(chain.url);
    const deaf: JsonRpc = async (method, params) =>
      method === 'eth_sendRawTransaction' ? Promise.reject(new Error('reset')) : node(method, params);
    await restart({ nodes: [deaf] });
    const detections = [newDetection(), newDetection()];
    for (const detection of detections) await engine.recordDetection(detection);
    await engine.look();
    const provider = new JsonRpcProvider(chain.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
    await (await new Wallet(keyOf(2), provider).sendTransaction({ to: chain.accounts[4]!.address })).wait();
    provider.destroy();
    await restart();
    for (let look = 0; look < 4; look++) await engine.look();
    expect((await recorded()).toSorted()).toEqual(detections.map(({ leaf }) => leaf).toSorted());
    expect(codes()).toEqual(['nonce-taken']);
  });

  it('keep the nonce of one on chain from the next, also before a node that lags', async () => {
    const node = connectJsonRpc(chain.url);
    const depths = { safe: 1_000, finalized: 1_000 };
    /** Knows no tags but `latest`, and calls another block so where one is given. */
    const seeing =
      (latest?: string): JsonRpc =>
      async (method, params) => {
        if (method !== 'eth_getBlockByNumber') return node(method, params);
        if (params[0] === 'safe' || params[0] === 'finalized') return null;
        return node(method, [params[0] === 'latest' && latest ? latest : params[0], params[1]]);
      };
    const [first, second] = [newDetection(), newDetection()];
    await restart({ depths, nodes: [seeing()] });
    await engine.recordDetection(first);
    await engine.look();
    await engine.look();
    const mined = await engine.findRecording(first.leaf);
    expect(mined).toMatchObject({ state: 'mined' });
    const lagging = seeing(`0x${(mined!.blockNumber! - 1).toString(16)}`);
    await restart({ depths, nodes: [lagging] });
    await engine.recordDetection(second);
    await engine.look();
    expect((await engine.findRecording(second.leaf))?.nonce).toBe(mined!.nonce! + 1);
    await restart();
    await engine.look();
    await engine.look();
    expect(await recorded()).toEqual([first.leaf, second.leaf]);
    expect(alarms).toEqual([]);
  });

  it('need an account of their own', () => {
    expect(
      () =>
        new AnchoringEngine({
          log,
          outbox: new SqliteOutbox(makeFolder().path, log.logId),
          nodes: [],
          registry,
          chainId: chain.chainId,
          signer: new Wallet(keyOf(1)),
          recorder: new Wallet(keyOf(1)),
        }),
    ).toThrow(/account of its own/);
  });
});
