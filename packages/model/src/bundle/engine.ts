import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ModelError } from '../errors.ts';
import { PIXEL_COUNT } from '../labels.ts';

export type EngineOptions = {
  /** Threads one inference may use; 1 keeps a busy server's latency even. */
  readonly threads?: number;
  /** Pictures a run; larger calls are cut into runs of this many. */
  readonly batchSize?: number;
};
export type OutputName = 'probabilities' | 'logits' | 'embedding';

/** An ONNX graph of ours in onnxruntime. Owns the session: call `close` when done. */
export class OnnxEngine {
  readonly #session: InferenceSession;
  readonly #side: number;
  readonly #batchSize: number;

  constructor(session: InferenceSession, side: number, batchSize: number) {
    this.#session = session;
    this.#side = side;
    this.#batchSize = batchSize;
  }

  static async create(
    onnx: Uint8Array,
    side: number,
    { threads = 1, batchSize = 64 }: EngineOptions = {},
  ): Promise<OnnxEngine> {
    const session = await InferenceSession.create(onnx, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
    return new OnnxEngine(session, side, batchSize);
  }

  /** Runs `pictures` (n x side x side gray bytes) and returns one output, n rows of it. */
  async run(pictures: Uint8Array, output: OutputName): Promise<Float32Array> {
    const area = this.#side * this.#side;
    const count = pictures.length / area;
    if (!Number.isInteger(count)) throw new ModelError('pixels-size', { seen: pictures.length });
    if (count === 0) return new Float32Array(0);
    let out: Float32Array | undefined;
    for (let from = 0; from < count; from += this.#batchSize) {
      const rows = Math.min(this.#batchSize, count - from);
      const data = pictures.subarray(from * area, (from + rows) * area);
      const feeds = { pixels: new Tensor('uint8', data, [rows, this.#side, this.#side]) };
      const result = (await this.#session.run(feeds, [output]))[output]!.data as Float32Array;
      if (rows === count) return result;
      const width = result.length / rows;
      out ??= new Float32Array(count * width);
      out.set(result, from * width);
    }
    return out!;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

export const checkPixels = (pixels: Uint8Array): number => {
  const count = pixels.length / PIXEL_COUNT;
  if (!Number.isInteger(count)) throw new ModelError('pixels-size', { seen: pixels.length });
  return count;
};
