import * as tf from '@tensorflow/tfjs';
import { openDevice } from '../backend/webgpu-device.ts';
import { type FerNetwork, getWeights, setWeights } from '../network/build.ts';
import type { TrainingConfig } from './config.ts';
import type { TrainingEngine } from './engine.ts';
import { hasExecutedLayers, isExecuted } from './executed.ts';
import { type LoopRequest, runTraining, type TrainingData, type TrainResult } from './loop.ts';
import { splitRows } from './plan.ts';
import { TfjsEngine } from './tfjs-engine.ts';
import { GpuContext } from './webgpu/context.ts';
import { uploadData } from './webgpu/predictor.ts';
import { WebGpuEngine } from './webgpu/webgpu-engine.ts';

export type { TrainResult } from './loop.ts';
export type { EpochResult, TrainingProgress } from './progress.ts';

export type TrainRequest = TrainingData & {
  readonly network: FerNetwork;
  readonly config: TrainingConfig;
  /** The networks whose digests `config.distillation` names, in its order. */
  readonly teachers?: readonly FerNetwork[];
} & Pick<LoopRequest, 'resume' | 'onRest' | 'onProgress' | 'signal'>;

const weigh = async (network: FerNetwork) => ({ spec: network.spec, weights: await getWeights(network) });

/** Our own executor where TensorFlow.js runs on WebGPU, TensorFlow.js itself elsewhere. */
export async function openEngine(
  network: FerNetwork,
  { images, labels }: TrainingData,
  config: TrainingConfig,
  teachers: readonly FerNetwork[] = [],
): Promise<TrainingEngine> {
  const isOnGpu = tf.getBackend() === 'webgpu' && isExecuted(network) && teachers.every(hasExecutedLayers);
  const open = isOnGpu ? await openDevice({ allowSoftware: true }) : null; // whoever chose the backend took it
  if (!open) return new TfjsEngine(network, { images, labels }, config, teachers);
  const context = new GpuContext(open);
  const data = uploadData(context, images, labels);
  return new WebGpuEngine({
    ...{ context, data, config },
    ...(await weigh(network)),
    teachers: await Promise.all(teachers.map(weigh)),
  });
}

/** A batch is no larger than what there is to train on. */
export const fitBatch = (config: TrainingConfig, trained: number): TrainingConfig => ({
  ...config,
  batchSize: Math.max(1, Math.min(config.batchSize, trained)),
});

/** Of a run's steps, what its beginning (warm-up) and its end (average) may take at most. */
const SHARE = 0.1;

/**
 * The recipes' decay and warm-up are for long runs. A decay of 0.999 looks back over 1,000 steps: in a short run mostly at what
 * the network was before it learnt. Five epochs of warm-up are all that a run of five would be.
 */
const fitLength = (config: TrainingConfig, steps: number): TrainingConfig => {
  const { averageDecay, schedule, epochs } = config;
  return {
    ...config,
    averageDecay: averageDecay === null ? null : Math.min(averageDecay, Math.max(0, 1 - 1 / (SHARE * steps))),
    schedule:
      schedule.kind === 'cosine'
        ? { ...schedule, warmupEpochs: Math.min(schedule.warmupEpochs, SHARE * epochs) }
        : schedule,
  };
};

/** The configuration as it is run on `count` rows, some of them held out. */
export const fitConfig = (config: TrainingConfig, count: number): TrainingConfig => {
  const trained = splitRows(count, config).train.length;
  const fitted = fitBatch(config, trained);
  return fitLength(fitted, fitted.epochs * Math.floor(trained / fitted.batchSize));
};

/** Trains `network` in place and leaves in it the weights that the configuration asks for: best, averaged or last. */
export async function train({ network, teachers = [], ...request }: TrainRequest): Promise<TrainResult> {
  const config = fitConfig(request.config, request.labels.length);
  const engine = await openEngine(network, request, config, teachers);
  try {
    const result = await runTraining({ ...request, spec: network.spec, engine, config });
    setWeights(network, result.weights);
    return result;
  } finally {
    engine.dispose();
  }
}
