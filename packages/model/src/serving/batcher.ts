import { ModelError } from '../errors.ts';
import { CLASS_COUNT, PIXEL_COUNT } from '../labels.ts';

export type BatcherOptions = {
  /** Pictures a run at most. */
  readonly maxBatch: number;
  /** How long the first picture of a batch may wait for company; 0 sends it as soon as a runner is free. */
  readonly maxDelayMs: number;
  /** Pictures that may wait; more are refused, so that those accepted are answered in time. */
  readonly maxQueue: number;
  /** Runs at the same time: the number of workers. */
  readonly concurrency: number;
  readonly onBatch?: (pictures: number, requests: number, waitedMs: number) => void;
};

type Waiting = {
  readonly pixels: Uint8Array;
  readonly pictures: number;
  readonly since: number;
  readonly resolve: (probabilities: Float32Array) => void;
  readonly reject: (error: unknown) => void;
};

/** Gathers requests into batches: while runners are busy, what waits grows into the next batch. */
export class Batcher {
  readonly #run: (pixels: Uint8Array) => Promise<Float32Array>;
  readonly #options: BatcherOptions;
  readonly #waiting: Waiting[] = [];
  #queued = 0;
  #running = 0;
  #isDraining = false;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void)[] = [];

  constructor(run: (pixels: Uint8Array) => Promise<Float32Array>, options: BatcherOptions) {
    this.#run = run;
    this.#options = options;
  }

  get queued(): number {
    return this.#queued;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @throws ModelError server-overloaded, server-draining */
  submit(pixels: Uint8Array): Promise<Float32Array> {
    const pictures = pixels.length / PIXEL_COUNT;
    if (this.#isDraining) throw new ModelError('server-draining');
    const { maxQueue } = this.#options;
    if (this.#queued + pictures > maxQueue)
      throw new ModelError('server-overloaded', { queued: this.#queued, limit: maxQueue });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pixels, pictures, since: performance.now(), resolve, reject });
      this.#queued += pictures;
      this.#dispatch();
    });
  }

  /** Takes nothing new, finishes what was accepted. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#dispatch();
    if (this.#queued === 0 && this.#running === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  #dispatch(): void {
    const { maxBatch, maxDelayMs, concurrency } = this.#options;
    while (this.#waiting.length > 0 && this.#running < concurrency) {
      const waitedMs = performance.now() - this.#waiting[0]!.since;
      if (this.#queued < maxBatch && waitedMs < maxDelayMs && !this.#isDraining) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#dispatch();
        }, maxDelayMs - waitedMs);
        return;
      }
      this.#start(this.#takeBatch(), waitedMs);
    }
    if (this.#isDraining && this.#queued === 0 && this.#running === 0)
      for (const done of this.#onIdle.splice(0)) done();
  }

  /** Whole requests up to the batch limit; one larger than it runs alone. */
  #takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let pictures = 0;
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      if (batch.length > 0 && pictures + next.pictures > this.#options.maxBatch) break;
      batch.push(this.#waiting.shift()!);
      pictures += next.pictures;
    }
    this.#queued -= pictures;
    return batch;
  }

  async #start(batch: readonly Waiting[], waitedMs: number): Promise<void> {
    this.#running++;
    const pictures = batch.reduce((sum, request) => sum + request.pictures, 0);
    this.#options.onBatch?.(pictures, batch.length, waitedMs);
    try {
      const scores = await this.#run(
        batch.length === 1 ? batch[0]!.pixels : Buffer.concat(batch.map((request) => request.pixels)),
      );
      let at = 0;
      for (const request of batch) {
        request.resolve(scores.slice(at * CLASS_COUNT, (at + request.pictures) * CLASS_COUNT));
        at += request.pictures;
      }
    } catch (error) {
      for (const request of batch) request.reject(error);
    }
    this.#running--;
    this.#dispatch();
  }
}
