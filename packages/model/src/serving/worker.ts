import { parentPort, workerData } from 'node:worker_threads';
import { OnnxEngine } from '../bundle/engine.ts';

/** onnxruntime-node computes on the thread that calls it, so each engine gets a thread of its own. */
const { onnx, threads, batchSize } = workerData as { onnx: Uint8Array; threads: number; batchSize: number };
const engine = await OnnxEngine.create(onnx, 48, { threads, batchSize });

/** Pictures to read, or that there will be no more. */
export type Question = { readonly id: number; readonly pixels: Uint8Array } | 'end';

parentPort!.on('message', async (question: Question) => {
  if (question === 'end') {
    await engine.close();
    parentPort!.close();
    return;
  }
  const { id, pixels } = question;
  try {
    const scores = (await engine.run(pixels, 'probabilities')).slice();
    parentPort!.postMessage({ id, scores }, [scores.buffer]);
  } catch (error) {
    parentPort!.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
parentPort!.postMessage({ ready: true });
