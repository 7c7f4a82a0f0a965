import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { TILE_WIDTH } from '@testigo/trail';
import { type ChunkRequest, type ChunkResult, scanChunk } from './scan-chunk.ts';
import { LogUnreachable, TileSource } from './tile-source.ts';

/** 4,096 records at a time: large enough to hide the hand-over, small enough that memory stays flat. */
const CHUNK_BUNDLES = 16;
const MAX_WORKERS = 8;
/** V8 would let each thread pile up hundreds of megabytes of garbage before it looks: a chunk lives for 0.1 s. */
const LIMITS = { maxYoungGenerationSizeMb: 8 };

/**
 * Yields the log's chunks in order while worker threads read ahead. At most two chunks a worker are in memory, so
 * a log of any length is read in the same space.
 * @throws LogUnreachable
 */
export async function* scanLog(
  base: string,
  size: number,
  servedSize: number,
  workers = availableParallelism(),
): AsyncGenerator<ChunkResult> {
  const bundles = Math.ceil(size / TILE_WIDTH);
  const chunks = Math.ceil(bundles / CHUNK_BUNDLES);
  // One at a time: a hostile checkpoint may count more records than a list of their chunks could hold.
  const requestAt = (chunk: number): ChunkRequest => {
    const first = chunk * CHUNK_BUNDLES;
    return { first, count: Math.min(CHUNK_BUNDLES, bundles - first), size, servedSize };
  };
  const count = Math.min(workers, MAX_WORKERS, chunks);
  if (count <= 1) {
    const source = new TileSource(base);
    for (let chunk = 0; chunk < chunks; chunk++) yield await scanChunk(source, requestAt(chunk));
    return;
  }
  const pool = Array.from(
    { length: count },
    () =>
      new Worker(new URL('./scan-worker.js', import.meta.url), {
        workerData: { base },
        resourceLimits: LIMITS,
      }),
  );
  try {
    const pending: Promise<ChunkResult>[] = [];
    let next = 0;
    const enqueue = () => {
      if (next < chunks) pending.push(ask(pool[next % count]!, requestAt(next)));
      next += 1;
    };
    for (let i = 0; i < count * 2; i++) enqueue();
    // A later chunk may fail while an earlier one is awaited; its error is met in its own turn.
    for (const promise of pending) promise.catch(() => undefined);
    while (pending.length > 0) {
      const result = await pending.shift()!;
      enqueue();
      pending.at(-1)?.catch(() => undefined);
      yield result;
    }
  } finally {
    await Promise.all(pool.map((worker) => worker.terminate()));
  }
}

interface WorkerAnswer {
  readonly result?: ChunkResult;
  readonly error?: string;
  readonly isUnreachable?: boolean;
}

// Each worker answers in the order it was asked, so a first-in first-out queue of listeners is enough.
function ask(worker: Worker, request: ChunkRequest): Promise<ChunkResult> {
  return new Promise((resolve, reject) => {
    const listen = (message: WorkerAnswer) => {
      if (message.result !== undefined && message.result.first !== request.first) return;
      worker.off('message', listen);
      worker.off('error', reject);
      if (message.result !== undefined) resolve(message.result);
      else
        reject(
          message.isUnreachable === true
            ? new LogUnreachable(String(message.error))
            : new Error(message.error),
        );
    };
    worker.on('message', listen);
    worker.once('error', reject);
    worker.postMessage(request);
  });
}
