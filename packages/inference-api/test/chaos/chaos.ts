import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { testAccounts } from '@testigo/contracts/testing';
import { hashLeaf, toHex } from '@testigo/trail';
import { keccak256, Wallet } from 'ethers';
import { type Anchor, isInFlight } from '../../src/anchoring/anchor.ts';
import { AnchoringEngine } from '../../src/anchoring/engine.ts';
import type { JsonRpc } from '../../src/anchoring/json-rpc.ts';
import { SqliteOutbox } from '../../src/anchoring/sqlite-outbox.ts';
import {
  deployForTests,
  readAnchoredEvents,
  readRecordedLeaves,
  TEST_DATASET,
  TEST_MODEL,
} from '../../src/anchoring/testing.ts';
import type { TransparencyLog } from '../../src/log/log.ts';
import { openLog } from '../../src/log/open-log.ts';
import { SqliteStore } from '../../src/log/sqlite-store.ts';
import { makeFolder, makeRecords, TEST_IDENTITY } from '../../src/log/testing.ts';
import { type Anvil, startAnvil } from './anvil.ts';
import { calm, FaultyNode } from './faulty-node.ts';
import { newRandom, type Random } from './random.ts';

const [ADMIN, KEY, RECORDER] = [testAccounts[0]!, testAccounts[1]!, testAccounts[2]!];
const TIMES = {
  pollMs: 1_000,
  minIntervalMs: 5_000,
  alignWaitMs: 4_000,
  resendAfterMs: 3_000,
  bumpAfterMs: 20_000,
};
const GWEI = 1_000_000_000;

export interface ChaosReport {
  readonly steps: number;
  readonly breaches: readonly string[];
  /** How often each thing happened to the engine. */
  readonly happened: Readonly<Record<string, number>>;
  readonly anchors: number;
  /** Detections put on chain by themselves. */
  readonly recordings: number;
  readonly records: number;
  readonly worstRecoveryMs: number;
}

/** An anchorer on a chain that drops, delays, reorders, reorganises, underprices and lies, and that is killed. */
export class Chaos {
  readonly #anvil: Anvil;
  readonly #random: Random;
  readonly #registry: string;
  readonly #folder: ReturnType<typeof makeFolder>;
  readonly #log: TransparencyLog;
  readonly #nodes: readonly FaultyNode[];
  readonly #happened: Record<string, number> = {};
  readonly #breaches: string[] = [];
  readonly #finalized = new Map<number, Anchor>();
  /** Leaves of the detections that the engine took to put on chain by themselves. */
  readonly #recorded: string[] = [];
  #outbox: SqliteOutbox;
  #engine: AnchoringEngine;
  #clockMs = 1_764_000_000_000;
  #worstRecoveryMs = 0;
  #steps = 0;

  /** Undefined where anvil does not run. */
  static async start(seed: number): Promise<Chaos | undefined> {
    const anvil = await startAnvil();
    if (!anvil) return undefined;
    const registry = await deployForTests(anvil.url, ADMIN.privateKey, KEY.privateKey, RECORDER.privateKey);
    await anvil.rpc('evm_setAutomine', [false]);
    // No reorg of the campaign may take the registry itself away.
    await anvil.rpc('anvil_mine', ['0x20']);
    const folder = makeFolder();
    const store = await SqliteStore.open(folder.path);
    const log = await openLog({ ...TEST_IDENTITY, store, options: { batchDelayMs: 0 } });
    return new Chaos(anvil, registry, folder, log, newRandom(seed));
  }

  constructor(
    anvil: Anvil,
    registry: string,
    folder: ReturnType<typeof makeFolder>,
    log: TransparencyLog,
    random: Random,
  ) {
    this.#anvil = anvil;
    this.#registry = registry;
    this.#folder = folder;
    this.#log = log;
    this.#random = random;
    this.#nodes = [new FaultyNode(anvil.rpc, random), new FaultyNode(anvil.rpc, random)];
    this.#outbox = new SqliteOutbox(folder.path, log.logId);
    this.#engine = this.#newEngine(this.#outbox);
  }

  async run(steps: number): Promise<ChaosReport> {
    for (let step = 0; step < steps && this.#breaches.length === 0; step++, this.#steps++) {
      await this.#act();
      await this.#checkOutbox();
      if (step % 100 === 99) await this.#calmDown();
    }
    await this.#calmDown();
    const anchors = (await readAnchoredEvents(this.#anvil.url, this.#registry)).length;
    return {
      steps: this.#steps,
      breaches: this.#breaches,
      happened: this.#happened,
      anchors,
      recordings: this.#recorded.length,
      records: this.#log.checkpoint().size,
      worstRecoveryMs: this.#worstRecoveryMs,
    };
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    await this.#log.close();
    await this.#anvil.stop();
    this.#folder.remove();
  }

  async #act(): Promise<void> {
    const { rpc } = this.#anvil;
    const action = this.#random.int(20);
    if (action < 9) return this.#tick();
    if (action < 12) return this.#mine(1 + this.#random.int(3));
    if (action < 14) return this.#append();
    if (action === 14) return this.#changeFaults();
    if (action === 15) return this.#crash();
    if (action === 16) {
      this.#count('reorg');
      return void (await rpc('anvil_reorg', [1 + this.#random.int(5), []]).catch(() => undefined));
    }
    if (action === 17) {
      this.#count('mempool dropped');
      return void (await rpc('anvil_dropAllTransactions', []));
    }
    if (action === 18) {
      this.#count('base fee moved');
      const baseFee = this.#random.pick([1, 5, 50, 200]) * GWEI;
      return void (await rpc('anvil_setNextBlockBaseFeePerGas', [`0x${baseFee.toString(16)}`]));
    }
    return this.#random.chance(0.5) ? this.#letRivalAnchor() : this.#useNonce();
  }

  async #append(): Promise<void> {
    const records = makeRecords(1 + this.#random.int(30));
    await this.#log.appendAll(records);
    for (const { bytes } of records) {
      if (!this.#random.chance(0.1)) continue;
      const leaf = toHex(hashLeaf(bytes));
      await this.#engine.recordDetection({ leaf, modelVersion: TEST_MODEL, datasetRoot: TEST_DATASET });
      this.#recorded.push(leaf);
    }
  }

  async #tick(): Promise<void> {
    this.#clockMs += this.#random.int(8_000);
    await (this.#random.chance(0.5) ? this.#engine.anchorNow() : this.#engine.look());
  }

  async #mine(blocks: number): Promise<void> {
    for (const node of this.#nodes) await node.deliverDelayed();
    await this.#anvil.rpc('anvil_mine', [`0x${blocks.toString(16)}`]);
  }

  #changeFaults(): void {
    const [first, second] = this.#nodes;
    const lie = this.#random.pick([
      'none',
      'none',
      'head',
      'nonce',
      'no-receipt',
      'old-view',
      'receipt',
    ] as const);
    this.#count(`lie: ${lie}`);
    for (const node of this.#nodes) {
      node.faults = {
        ...calm(),
        lossRate: this.#random.pick([0, 0, 0.05, 0.3]),
        delayRate: this.#random.pick([0, 0.5]),
      };
    }
    (this.#random.chance(0.5) ? first! : second!).faults.lie = lie;
  }

  /** Kills the engine at one of its next calls and starts another from what is on disk. */
  async #crash(): Promise<void> {
    this.#count('killed');
    const crashIn = this.#random.int(40);
    for (const node of this.#nodes) node.faults.crashIn = crashIn;
    await this.#engine.anchorNow();
    await this.#engine.stop();
    for (const node of this.#nodes) node.faults.crashIn = undefined;
    const startedMs = performance.now();
    this.#outbox = new SqliteOutbox(this.#folder.path, this.#log.logId);
    this.#engine = this.#newEngine(this.#outbox);
    await this.#engine.anchorNow();
    this.#worstRecoveryMs = Math.max(this.#worstRecoveryMs, performance.now() - startedMs);
  }

  /** A second anchorer with the same key and an outbox of its own. */
  async #letRivalAnchor(): Promise<void> {
    this.#count('second anchorer');
    const folder = join(this.#folder.path, 'rival');
    const rival = this.#newEngine(new SqliteOutbox(folder, this.#log.logId), false);
    await rival.anchorNow();
    await rival.stop();
    if (this.#random.chance(0.3)) rmSync(folder, { recursive: true, force: true });
  }

  /** Spends the next nonce of an account on something else. */
  async #useNonce(): Promise<void> {
    this.#count('nonce taken');
    const wallet = new Wallet(this.#random.pick([KEY, RECORDER]).privateKey);
    const nonce = Number(await this.#anvil.rpc('eth_getTransactionCount', [wallet.address, 'latest']));
    const fees = { maxFeePerGas: 900 * GWEI, maxPriorityFeePerGas: 300 * GWEI };
    const payment = {
      to: ADMIN.address,
      value: 1n,
      gasLimit: 21_000n,
      nonce,
      chainId: 31_337,
      type: 2,
      ...fees,
    };
    const raw = await wallet.signTransaction(payment);
    await this.#anvil.rpc('eth_sendRawTransaction', [raw]).catch(() => undefined);
  }

  /** Lets the weather clear: everything appended must get anchored and final, and what was final must still be. */
  async #calmDown(): Promise<void> {
    for (const node of this.#nodes) node.faults = calm();
    const { size } = this.#log.checkpoint();
    // Detections go on chain one after the other, each in a block of its own and final a few blocks later.
    const rounds = 60 + 8 * (await this.#outbox.recordings.listUnsettled()).length;
    for (let round = 0; round < rounds; round++) {
      this.#clockMs += 10_000;
      await this.#engine.anchorNow();
      await this.#mine(1);
      const anchor = size === 0 ? undefined : await this.#outbox.findCovering(size - 1);
      const recordings = await this.#outbox.recordings.listUnsettled();
      if ((size === 0 || anchor?.state === 'finalized') && recordings.length === 0) break;
      if (round === rounds - 1) {
        const [recording] = recordings;
        this.#breach(
          `size ${size} is not settled after ${rounds} calm rounds: ${JSON.stringify({ anchor, recording })}`,
        );
      }
    }
    await this.#checkChain();
  }

  async #checkOutbox(): Promise<void> {
    const unsettled = await this.#outbox.listUnsettled();
    const inFlight = unsettled.filter(isInFlight);
    // A reorg puts anchors that were on chain back in flight; each still has a nonce of its own.
    const nonces = inFlight.map(({ nonce }) => nonce);
    if (new Set(nonces).size < nonces.length)
      this.#breach(`two anchors share a nonce: ${JSON.stringify(inFlight)}`);
    const recordings = (await this.#outbox.recordings.listUnsettled()).filter(isInFlight);
    if (new Set(recordings.map(({ nonce }) => nonce)).size < recordings.length)
      this.#breach(`two recordings share a nonce: ${JSON.stringify(recordings)}`);
    const latest = await this.#outbox.findLatest();
    if (latest?.state === 'finalized') this.#finalized.set(latest.size, latest);
  }

  async #checkChain(): Promise<void> {
    const events = await readAnchoredEvents(this.#anvil.url, this.#registry);
    let previous = 0;
    for (const { size, root } of events) {
      if (size <= previous) this.#breach(`the anchors do not grow at size ${size}`);
      if (toHex((await this.#log.checkpointAt(size)).root) !== root)
        this.#breach(`size ${size} has another root`);
      previous = size;
    }
    const sizes = new Set(events.map(({ size }) => size));
    for (const [size, anchor] of this.#finalized) {
      if (!sizes.has(size))
        this.#breach(`anchor ${size} was called final and is not on chain: ${JSON.stringify(anchor)}`);
    }
    const leaves = await readRecordedLeaves(this.#anvil.url, this.#registry);
    if (leaves.toSorted().join() !== this.#recorded.toSorted().join())
      this.#breach(`${this.#recorded.length} detections were to be recorded, ${leaves.length} are on chain`);
  }

  #newEngine(outbox: SqliteOutbox, isCounted = true): AnchoringEngine {
    return new AnchoringEngine({
      log: this.#log,
      outbox,
      nodes: this.#nodes.map(({ rpc }) => this.#requireStored(rpc, outbox)),
      registry: this.#registry,
      chainId: 31_337,
      signer: new Wallet(KEY.privateKey),
      recorder: new Wallet(RECORDER.privateKey),
      times: TIMES,
      maxFeePerGas: 5_000n * BigInt(GWEI),
      now: () => this.#clockMs,
      onAlarm: ({ code }) => {
        if (isCounted) this.#count(`alarm: ${code}`);
      },
    });
  }

  /** Nothing may reach a node that is not on disk. */
  #requireStored(rpc: JsonRpc, outbox: SqliteOutbox): JsonRpc {
    return async (method, params) => {
      if (method === 'eth_sendRawTransaction') {
        this.#count('transactions sent');
        const raw = String(params[0]);
        const stored = await outbox.findTransaction(keccak256(raw));
        if (stored?.raw !== raw) this.#breach('a transaction was sent before it was stored');
      }
      return rpc(method, params);
    };
  }

  #count(what: string): void {
    this.#happened[what] = (this.#happened[what] ?? 0) + 1;
  }

  #breach(what: string): void {
    this.#breaches.push(`step ${this.#steps}: ${what}`);
  }
}
