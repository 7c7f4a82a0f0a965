import { Worker } from 'node:worker_threads';
import { PIXELS, type SampleSet } from '../sample-set.ts';
import { runTask, type Task, type TaskName, type Tasks } from './tasks.ts';

/** Runs tasks on worker threads, or in the calling thread when `threads` is 1. Owns the threads: close it. */
export class TaskPool {
  readonly #set: SampleSet;
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #waiting: { task: Task; settle: (result: unknown) => void; fail: (error: Error) => void }[] = [];

  readonly #onProgress: (done: number, total: number) => void;
  #done = 0;
  #total = 0;

  /** `onProgress` is told after each task how many are done and how many were asked for. */
  constructor(
    set: SampleSet,
    threads: number,
    onProgress: (done: number, total: number) => void = () => undefined,
  ) {
    this.#onProgress = onProgress;
    this.#set = threads > 1 ? shareSet(set) : set;
    // the same file name ends in .ts under type stripping and in .js when built
    const script = new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url);
    const count = threads > 1 ? threads : 0;
    this.#workers = Array.from({ length: count }, () => new Worker(script, { workerData: this.#set }));
    this.#idle = [...this.#workers];
  }

  run<N extends TaskName>(name: N, input: Tasks[N]['in']): Promise<Tasks[N]['out']> {
    const task = { name, in: input } as Task;
    this.#total += 1;
    if (this.#workers.length === 0) {
      const result = runTask(this.#set, task) as Tasks[N]['out'];
      this.#settleOne();
      return Promise.resolve(result);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, settle: (result) => resolve(result as Tasks[N]['out']), fail: reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #settleOne(): void {
    this.#done += 1;
    this.#onProgress(this.#done, this.#total);
  }

  #dispatch(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop()!;
      const { task, settle, fail } = this.#waiting.shift()!;
      const onMessage = (result: unknown) => {
        worker.off('error', onError);
        this.#idle.push(worker);
        settle(result);
        this.#settleOne();
        this.#dispatch();
      };
      const onError = (error: Error) => fail(error);
      worker.once('message', onMessage);
      worker.once('error', onError);
      worker.postMessage(task);
    }
  }
}

/** A copy of the set whose arrays every thread reads in place. */
function shareSet(set: SampleSet): SampleSet {
  const pixels = new Uint8Array(new SharedArrayBuffer(set.size * PIXELS));
  pixels.set(set.pixels);
  return { ...set, pixels };
}
