import type { Anchor, AnchorAlarm } from './anchor.ts';
import { Anchorer } from './anchorer.ts';
import { type AnchoringConfig, type AnchoringTimes, type AnchorSigner, DEFAULT_TIMES } from './config.ts';
import { Recorder } from './recorder.ts';
import type { Detection, Recording } from './recording.ts';

const GWEI = 1_000_000_000n;

export type EngineConfig = Omit<AnchoringConfig, 'depths' | 'times' | 'maxFeePerGas' | 'now' | 'onAlarm'> & {
  readonly times?: Partial<AnchoringTimes>;
  readonly depths?: AnchoringConfig['depths'];
  readonly maxFeePerGas?: bigint;
  readonly now?: () => number;
  readonly onAlarm?: (alarm: AnchorAlarm) => void;
  /** Holds the registry's recorder role, with an account of its own; without one nothing is recorded by itself. */
  readonly recorder?: AnchorSigner;
};

export interface AnchoringStatus {
  /** The newest checkpoint on chain, however deep. */
  readonly latest: Anchor | undefined;
  /** Records that no anchor on chain covers. */
  readonly unanchoredRecords: number;
  /** When the oldest checkpoint that still waits was queued; undefined when nothing waits. */
  readonly unanchoredSinceMs: number | undefined;
  /** Of the last look at the chain. */
  readonly alarms: readonly AnchorAlarm[];
}

/** Runs the anchorer beside the service. The log never waits for it, and it never throws into the service. */
export class AnchoringEngine {
  readonly #config: AnchoringConfig;
  readonly #anchorer: Anchorer;
  readonly #recorder: Recorder | undefined;
  #alarms: AnchorAlarm[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = true;

  constructor(config: EngineConfig) {
    const onAlarm = config.onAlarm ?? (() => {});
    this.#config = {
      maxFeePerGas: 500n * GWEI,
      depths: { safe: 32, finalized: 64 },
      now: Date.now,
      ...config,
      times: { ...DEFAULT_TIMES, ...config.times },
      onAlarm: (alarm) => {
        this.#alarms.push(alarm);
        onAlarm(alarm);
      },
    };
    this.#anchorer = new Anchorer(this.#config);
    const { recorder } = config;
    if (recorder?.address === config.signer.address)
      throw new Error(
        'The recorder needs an account of its own: two lanes of one account would share its nonces.',
      );
    this.#recorder =
      recorder && new Recorder({ ...this.#config, outbox: config.outbox.recordings, signer: recorder });
  }

  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#schedule(0);
  }

  /** Looks at the chain now and does what is due, as the timer does once `start` was called. */
  look(): Promise<void> {
    return this.#tick(false);
  }

  /** Looks at the chain now, and anchors the newest checkpoint without waiting for the interval. */
  anchorNow(): Promise<void> {
    return this.#tick(true);
  }

  /** Ticks, as urgently as `anchorNow`, until an anchor on chain covers this leaf. */
  async waitForAnchor(leafIndex: number, timeoutMs: number): Promise<Anchor | undefined> {
    const deadline = this.#config.now() + timeoutMs;
    for (;;) {
      const anchor = await this.findAnchor(leafIndex);
      if (anchor || this.#config.now() > deadline) return anchor;
      await this.anchorNow();
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, this.#config.times.pollMs)));
    }
  }

  /** Resolves once the detection is in the outbox: from then on it reaches the chain, or an alarm says why not. */
  recordDetection(detection: Detection): Promise<void> {
    return this.#config.outbox.recordings.add(detection, this.#config.now());
  }

  /** How far a detection has come that `recordDetection` was given. */
  findRecording(leaf: string): Promise<Recording | undefined> {
    return this.#config.outbox.recordings.find(leaf);
  }

  /** The first anchor on chain that covers this leaf. Only a `finalized` one may be claimed to an auditor. */
  findAnchor(leafIndex: number): Promise<Anchor | undefined> {
    return this.#config.outbox.findCovering(leafIndex);
  }

  async status(): Promise<AnchoringStatus> {
    const latest = await this.#config.outbox.findLatest();
    const waiting = (await this.#config.outbox.listUnsettled()).find(
      ({ blockHash }) => blockHash === undefined,
    );
    const unanchoredRecords = this.#config.log.checkpoint().size - (latest?.size ?? 0);
    return { latest, unanchoredRecords, unanchoredSinceMs: waiting?.queuedAtMs, alarms: this.#alarms };
  }

  /** Lets the tick under way end; an anchor in flight goes on at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#config.outbox.close();
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      void this.#tick(false).then(() => this.#schedule(this.#config.times.pollMs));
    }, delayMs);
  }

  // One tick at a time: two would sign two transactions for one nonce.
  #tick(isUrgent: boolean): Promise<void> {
    this.#running = this.#running.then(async () => {
      this.#alarms = [];
      const onError = (error: unknown) =>
        this.#config.onAlarm({ code: 'chain-unreachable', detail: String(error) });
      await this.#anchorer.tick(isUrgent).catch(onError);
      await this.#recorder?.tick().catch(onError);
    });
    return this.#running;
  }
}
