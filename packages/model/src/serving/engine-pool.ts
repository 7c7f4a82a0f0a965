import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Question } from './worker.ts';

type Answer = {
  readonly id: number;
  readonly scores?: Float32Array;
  readonly error?: string;
  readonly ready?: true;
};
type Pending = { readonly resolve: (scores: Float32Array) => void; readonly reject: (error: Error) => void };

/** One engine in a thread of its own. */
type Member = {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  busy: number;
  /** Why it answers no more, once it does not. */
  ended?: Error;
};

/** Engines on worker threads: the HTTP thread stays free to accept, refuse and answer health checks. */
export class EnginePool {
  readonly #members: Member[];
  #next = 0;

  private constructor(members: Member[]) {
    this.#members = members;
  }

  static async start(
    onnx: Uint8Array,
    options: { readonly workers: number; readonly threads: number; readonly batchSize: number },
  ): Promise<EnginePool> {
    const { workers, ...workerData } = options;
    return new EnginePool(
      await Promise.all(Array.from({ length: workers }, () => startMember({ onnx, ...workerData }))),
    );
  }

  /** Probabilities of n 48x48 pictures, from the least busy engine that still runs. */
  async run(pixels: Uint8Array): Promise<Float32Array> {
    const alive = this.#members.filter(({ ended }) => ended === undefined);
    if (alive.length === 0) throw this.#members[0]?.ended ?? new Error('there is no engine');
    const member = alive.reduce((best, other) => (other.busy < best.busy ? other : best));
    const id = this.#next++;
    member.busy++;
    return new Promise<Float32Array>((resolve, reject) => {
      member.pending.set(id, { resolve, reject });
      member.worker.postMessage({ id, pixels } satisfies Question);
    }).finally(() => {
      member.busy--;
    });
  }

  /** Ends each thread once it has answered: one terminated inside onnxruntime takes the whole process with it. */
  async close(): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ worker, ended }) => {
        if (ended) return;
        const exit = once(worker, 'exit');
        worker.postMessage('end' satisfies Question);
        await exit;
      }),
    );
  }
}

const startMember = (workerData: object): Promise<Member> =>
  new Promise((resolve, reject) => {
    // Sources run as .ts in tests, as .js when built.
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData });
    const member: Member = { worker, pending: new Map(), busy: 0 };
    worker.on('message', ({ id, scores, error, ready }: Answer) => {
      if (ready) {
        resolve(member);
        return;
      }
      const waiting = member.pending.get(id);
      member.pending.delete(id);
      if (scores) waiting?.resolve(scores);
      else waiting?.reject(new Error(error ?? 'the engine gave no answer'));
    });
    const fail = (error: Error): void => {
      member.ended ??= error;
      reject(error);
      for (const waiting of member.pending.values()) waiting.reject(error);
      member.pending.clear();
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`the engine's thread ended with ${code}`)));
  });
