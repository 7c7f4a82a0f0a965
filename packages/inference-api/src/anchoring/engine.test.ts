import { type LocalChain, startChain } from '@testigo/contracts/testing';
import { toHex } from '@testigo/trail';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TransparencyLog } from '../log/log.ts';
import { openLog } from '../log/open-log.ts';
import { SqliteStore } from '../log/sqlite-store.ts';
import { makeFolder, makeRecord, makeRecords, newId, TEST_IDENTITY } from '../log/testing.ts';
import type { AnchorAlarm } from './anchor.ts';
import { AnchoringEngine, type EngineConfig } from './engine.ts';
import { connectJsonRpc, type JsonRpc } from './json-rpc.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { deployForTests, readAnchoredEvents } from './testing.ts';

const times = { pollMs: 20, minIntervalMs: 0, alignWaitMs: 0, resendAfterMs: 0, bumpAfterMs: 60_000 };

describe('the anchoring engine', { timeout: 60_000 }, () => {
  let chain: LocalChain;
  let registry: string;
  let folder: ReturnType<typeof makeFolder>;
  let log: TransparencyLog;
  let engine: AnchoringEngine;
  let alarms: AnchorAlarm[];

  const openEngine = (overrides: Partial<EngineConfig> = {}, outboxFolder = folder.path) => {
    alarms = [];
    const outbox = new SqliteOutbox(outboxFolder, log.logId);
    engine = new AnchoringEngine({
      log,
      outbox,
      nodes: [connectJsonRpc(chain.url)],
      registry,
      chainId: chain.chainId,
      signer: new Wallet(chain.accounts[1]!.privateKey),
      depths: { safe: 0, finalized: 0 },
      times,
      onAlarm: (alarm) => alarms.push(alarm),
      ...overrides,
    });
    return outbox;
  };
  const restart = async (overrides: Partial<EngineConfig> = {}) => {
    await engine.stop();
    openEngine(overrides);
  };
  const codes = () => alarms.map(({ code }) => code);

  beforeAll(async () => {
    chain = await startChain();
  }, 60_000);
  afterAll(() => chain.stop());
  beforeEach(async () => {
    registry = await deployForTests(chain.url, chain.accounts[0]!.privateKey, chain.accounts[1]!.privateKey);
    folder = makeFolder();
    log = await openLog({
      ...TEST_IDENTITY,
      store: await SqliteStore.open(folder.path),
      options: { batchDelayMs: 1 },
    });
    openEngine();
  }, 60_000);
  afterEach(async () => {
    await engine.stop();
    await log.close();
    folder.remove();
  });

  it('anchors each checkpoint with a consistency proof from the one before', async () => {
    for (const count of [3, 300, 1]) {
      await log.appendAll(makeRecords(count));
      const anchor = await engine.waitForAnchor(log.checkpoint().size - 1, 30_000);
      expect(anchor).toMatchObject({ size: log.checkpoint().size, root: toHex(log.checkpoint().root) });
    }
    await engine.anchorNow();
    const facts = await readAnchoredEvents(chain.url, registry);
    expect(facts.map(({ size }) => size)).toEqual([3, 303, 304]);
    expect((await engine.findAnchor(2))?.size).toBe(3);
    expect((await engine.findAnchor(3))?.size).toBe(303);
    expect(await engine.findAnchor(304)).toBeUndefined();
    expect(await engine.status()).toMatchObject({ unanchoredRecords: 0, latest: { state: 'finalized' } });
    expect(alarms).toEqual([]);
  });

  it('runs by itself once started, and anchors only the newest of many checkpoints', async () => {
    engine.start();
    for (let at = 0; at < 20; at++) await log.append(makeRecord());
    await expect.poll(async () => (await engine.status()).latest?.size, { timeout: 10_000 }).toBe(20);
    const sizes = (await readAnchoredEvents(chain.url, registry)).map(({ size }) => size);
    expect(sizes.at(-1)).toBe(20);
    expect(new Set(sizes).size).toBe(sizes.length);
  });

  it('stops at sizes that are cheap to anchor while no record has waited too long', async () => {
    let clockMs = 0;
    await restart({ times: { ...times, alignWaitMs: 1_000 }, now: () => clockMs });
    const anchoredSizes = async () => {
      await engine.look();
      await engine.look();
      return (await readAnchoredEvents(chain.url, registry)).map(({ size }) => size);
    };
    await log.appendAll(makeRecords(10));
    expect(await anchoredSizes()).toEqual([10]);
    await log.appendAll(makeRecords(300));
    expect(await anchoredSizes()).toEqual([10, 256]);
    expect(await engine.status()).toMatchObject({ unanchoredRecords: 54 });
    clockMs = 1_000;
    expect(await anchoredSizes()).toEqual([10, 256, 310]);
    expect(alarms).toEqual([]);
  });

  it('sends stored bytes again after a restart instead of signing others', async () => {
    const node = connectJsonRpc(chain.url);
    const sent: unknown[] = [];
    const swallow: JsonRpc = async (method, params) => {
      if (method !== 'eth_sendRawTransaction') return node(method, params);
      sent.push(params[0]);
      throw new Error('connection reset');
    };
    await restart({ nodes: [swallow] });
    await log.append(makeRecord());
    await engine.anchorNow();
    await restart();
    expect(await engine.waitForAnchor(0, 30_000)).toMatchObject({ size: 1 });
    const outbox = await engine.status();
    expect(sent).toHaveLength(1);
    const receipt = (await node('eth_getTransactionByHash', [outbox.latest!.transactionHash])) as {
      nonce: string;
    };
    expect(Number(receipt.nonce)).toBe(
      Number(
        await node('eth_getTransactionCount', [new Wallet(chain.accounts[1]!.privateKey).address, 'latest']),
      ) - 1,
    );
  });

  it('adopts a head that another process anchored, and goes on from it', async () => {
    await log.append(makeRecord());
    await engine.waitForAnchor(0, 30_000);
    await engine.stop();
    const lost = makeFolder();
    openEngine({}, lost.path);
    await engine.anchorNow();
    expect(await engine.findAnchor(0)).toMatchObject({ size: 1, state: 'mined' });
    await log.append(makeRecord());
    expect(await engine.waitForAnchor(1, 30_000)).toMatchObject({ size: 2 });
    expect(await readAnchoredEvents(chain.url, registry)).toHaveLength(2);
    lost.remove();
  });

  it('signs no two anchors under one nonce when a reorg drops one that was adopted', async () => {
    const node = connectJsonRpc(chain.url);
    const { address } = new Wallet(chain.accounts[1]!.privateKey);
    const nonce = Number(await node('eth_getTransactionCount', [address, 'latest']));
    const refuseAll: JsonRpc = async (method, params) => {
      if (method === 'eth_sendRawTransaction') throw new Error('connection reset');
      // The local chain calls every block final, and a final anchor is not followed any more.
      if (params[0] === 'safe' || params[0] === 'finalized') throw new Error('no such tag');
      return node(method, params);
    };
    let clockMs = 0;
    await engine.stop();
    const outbox = openEngine({
      nodes: [refuseAll],
      depths: { safe: 50, finalized: 100 },
      times: { ...times, bumpAfterMs: 1_000 },
      now: () => clockMs,
    });
    const noncesOf = async (size: number) => {
      const anchor = await outbox.find(size);
      return anchor && (await outbox.listTransactionsOf(anchor)).map((transaction) => transaction.nonce);
    };
    // The first anchor is signed here and never sent; another process anchors the same size under the same nonce.
    await log.append(makeRecord());
    await engine.look();
    expect(await noncesOf(1)).toEqual([nonce]);
    const before = await node('evm_snapshot', []);
    const lost = makeFolder();
    const here = engine;
    // For other fees, or it would be the same transaction.
    const { baseFeePerGas } = (await node('eth_getBlockByNumber', ['latest', false])) as {
      baseFeePerGas: string;
    };
    openEngine({ maxFeePerGas: (BigInt(baseFeePerGas) * 5n) / 4n }, lost.path);
    await engine.waitForAnchor(0, 30_000);
    await engine.stop();
    engine = here;
    // It is adopted, without a nonce of its own, and the second anchor is signed behind it.
    await engine.look();
    expect(await outbox.find(1)).toMatchObject({ state: 'mined' });
    expect((await outbox.find(1))?.nonce).toBeUndefined();
    await log.append(makeRecord());
    await engine.look();
    expect(await noncesOf(2)).toEqual([nonce + 1]);
    // The other fork has neither, and is as long.
    const height = Number(await node('eth_blockNumber', []));
    await node('evm_revert', [before]);
    while (Number(await node('eth_blockNumber', [])) < height) await node('evm_mine', []);
    clockMs += 2_000;
    await engine.look();
    // The first goes out again as it was signed; the second keeps its place behind it.
    expect([await noncesOf(1), await noncesOf(2)]).toEqual([[nonce], [nonce + 1]]);
    await restart();
    expect(await engine.waitForAnchor(1, 30_000)).toMatchObject({ size: 2 });
    expect((await readAnchoredEvents(chain.url, registry)).map(({ size }) => size)).toEqual([1, 2]);
    lost.remove();
  });

  it('stops and says so when the registry holds a log that is not ours', async () => {
    await log.appendAll(makeRecords(5));
    await engine.waitForAnchor(4, 30_000);
    await log.close();
    const other = makeFolder();
    log = await openLog({
      ...TEST_IDENTITY,
      store: await SqliteStore.open(other.path),
      options: { batchDelayMs: 1 },
    });
    await restart();
    await engine.anchorNow();
    expect(codes()).toEqual(['log-forked']);
    await log.appendAll(makeRecords(9));
    await engine.anchorNow();
    expect(codes()).toEqual(['log-forked', 'log-forked']);
    expect(await readAnchoredEvents(chain.url, registry)).toHaveLength(1);
    other.remove();
  });

  it('anchors records of a model that is not registered without naming it, and raises the alarm', async () => {
    await log.appendAll([makeRecord(), makeRecord(newId(), 'e'.repeat(64))]);
    await engine.waitForAnchor(1, 30_000);
    expect(codes()).toEqual(['model-unregistered']);
  });

  it('concludes nothing while two nodes contradict each other', async () => {
    const honest = connectJsonRpc(chain.url);
    const liar: JsonRpc = async (method, params) =>
      method === 'eth_call'
        ? `0x${'f'.padStart(64, '0')}${'1'.repeat(64)}${'0'.repeat(64)}`
        : honest(method, params);
    await restart({ nodes: [honest, liar] });
    await log.append(makeRecord());
    await engine.anchorNow();
    expect(codes()).toEqual(['providers-disagree']);
    expect(await readAnchoredEvents(chain.url, registry)).toEqual([]);
    await restart({ nodes: [honest, honest] });
    expect(await engine.waitForAnchor(0, 30_000)).toMatchObject({ size: 1 });
  });

  it('goes on with one node away, but claims finality only with two', async () => {
    const honest = connectJsonRpc(chain.url);
    const down: JsonRpc = async () => Promise.reject(new Error('connection refused'));
    await restart({ nodes: [honest, down] });
    await log.append(makeRecord());
    expect(await engine.waitForAnchor(0, 30_000)).toMatchObject({ state: 'mined' });
    await engine.anchorNow();
    expect((await engine.status()).latest?.state).toBe('mined');
    expect(new Set(codes())).toEqual(new Set(['provider-down']));
    await restart({ nodes: [honest, honest] });
    await engine.anchorNow();
    expect((await engine.status()).latest?.state).toBe('finalized');
  });
});
