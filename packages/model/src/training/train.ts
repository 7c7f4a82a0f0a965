import * as tf from '@tensorflow/tfjs';
import { openDevice } from '../backend/webgpu-device.ts';
import { type FerNetwork, getWeights, setWeights } from '../network/build.ts';
import type { TrainingConfig } from './config.ts';
import type { TrainingEngine } from './engine.ts';
import {
  runTraining,
  splitRows,
  type TrainingData,
  type TrainingProgress,
  type TrainResult,
} from './loop.ts';
import { TfjsEngine } from './tfjs-engine.ts';
import { GpuContext } from './webgpu/context.ts';
import { uploadData } from './webgpu/predictor.ts';
import { WebGpuEngine } from './webgpu/webgpu-engine.ts';

export type { EpochResult, TrainingProgress, TrainResult } from './loop.ts';

export type TrainRequest = TrainingData & {
  readonly network: FerNetwork;
  readonly config: TrainingConfig;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
};

/** Our own executor where TensorFlow.js runs on WebGPU, TensorFlow.js itself elsewhere. */
async function openEngine(
  { network, images, labels }: TrainRequest,
  config: TrainingConfig,
): Promise<TrainingEngine> {
  const open = tf.getBackend() === 'webgpu' ? await openDevice() : null;
  if (!open) return new TfjsEngine(network, { images, labels }, config);
  const context = new GpuContext(open);
  const data = uploadData(context, images, labels);
  return new WebGpuEngine({ context, spec: network.spec, weights: await getWeights(network), data, config });
}

/** Trains `network` in place and leaves in it the weights that the configuration asks for: best, averaged or last. */
export async function train(request: TrainRequest): Promise<TrainResult> {
  const { network, images, labels } = request;
  const { train: rows } = splitRows(labels.length, request.config);
  const config = { ...request.config, batchSize: Math.min(request.config.batchSize, rows.length) };
  const engine = await openEngine(request, config);
  try {
    const { onProgress, signal } = request;
    const result = await runTraining({
      ...{ images, labels, spec: network.spec, engine, config },
      ...(onProgress ? { onProgress } : {}),
      ...(signal ? { signal } : {}),
    });
    setWeights(network, result.weights);
    return result;
  } finally {
    engine.dispose();
  }
}
