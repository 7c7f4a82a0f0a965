import { availableParallelism } from 'node:os';
import { centreView } from '../augment/view.ts';
import { OnnxEngine } from '../bundle/engine.ts';
import { fromTfjs } from '../bundle/from-tfjs.ts';
import { toOnnx } from '../bundle/onnx/to-onnx.ts';
import { cutViews, mirrorViews } from '../bundle/views.ts';
import { CLASS_COUNT, FACE_SIZE, PIXEL_COUNT } from '../labels.ts';
import { buildNetwork, setWeights } from '../network/build.ts';
import { type NetworkSpec, SOURCE_SIZE } from '../network/spec.ts';
import type { TrainingConfig } from '../training/config.ts';
import type { TrainingEngine } from '../training/engine.ts';
import { runTraining, type TrainingData } from '../training/loop.ts';
import type { TrainingProgress } from '../training/progress.ts';
import { fitBatch, openEngine } from '../training/train.ts';
import { LOSS_EPOCHS } from './collect.ts';

/** One network of the evidence: trained from nothing on some rows, asked about others. */
export type FoldJob = {
  readonly spec: NetworkSpec;
  readonly config: TrainingConfig;
  readonly trained: Uint32Array;
  readonly judged: Uint32Array;
};

export type FoldReadings = {
  /** [judged, 7], mean of picture and mirror image. */
  readonly probabilities: Float32Array;
  /** [judged, d]. */
  readonly embeddings: Float32Array;
  /** [trained]: mean over the epochs that were looked at of z_y - max over other classes of z. */
  readonly margin: Float32Array;
  /** [LOSS_EPOCHS, trained]: cross-entropy after each of the first epochs, nats. */
  readonly loss: Float32Array;
};

/** Epochs after which margins are read: the first ones, whose losses are kept, and about ten in all. */
const isLookedAt = (epoch: number, epochs: number): boolean =>
  epoch <= LOSS_EPOCHS || epoch === epochs || epoch % Math.ceil(epochs / 10) === 0;

/** ln p_y - max over other classes of ln p: the margin of the logits, whose common part cancels. */
const marginOf = (p: Float32Array, label: number): number => {
  let other = 0;
  for (let c = 0; c < CLASS_COUNT; c++) if (c !== label) other = Math.max(other, p[c]!);
  const ln = (value: number): number => Math.log(Math.max(1e-12, value));
  return ln(p[label]!) - ln(other);
};

/** Watches how the trained rows are read while the network learns, without augmentation. */
const watchRows = (engine: TrainingEngine, { labels }: TrainingData, { spec, config, trained }: FoldJob) => {
  const margin = new Float32Array(trained.length);
  const loss = new Float32Array(LOSS_EPOCHS * trained.length);
  const view = centreView(SOURCE_SIZE, spec.inputSize);
  let epoch = 0;
  let looks = 0;
  return {
    async look(): Promise<void> {
      epoch++;
      if (!isLookedAt(epoch, config.epochs)) return;
      looks++;
      engine.useWeights('current'); // the average still remembers the first weights
      const scores = await engine.predict(trained, view);
      trained.forEach((row, i) => {
        const p = scores.subarray(i * CLASS_COUNT, (i + 1) * CLASS_COUNT);
        margin[i]! += marginOf(p, labels[row]!);
        if (epoch <= LOSS_EPOCHS)
          loss[(epoch - 1) * trained.length + i] = -Math.log(Math.max(1e-12, p[labels[row]!]!));
      });
    },
    result: () => ({ margin: margin.map((sum) => sum / Math.max(1, looks)), loss }),
  };
};

const readRows = async (
  onnx: Uint8Array,
  images: Uint8Array,
  rows: Uint32Array,
): Promise<Pick<FoldReadings, 'probabilities' | 'embeddings'>> => {
  const pixels = new Uint8Array(rows.length * PIXEL_COUNT);
  rows.forEach((row, i) => {
    pixels.set(images.subarray(row * PIXEL_COUNT, (row + 1) * PIXEL_COUNT), i * PIXEL_COUNT);
  });
  const engine = await OnnxEngine.create(onnx, FACE_SIZE, { threads: availableParallelism() });
  const mirror = mirrorViews(FACE_SIZE).filter((view) => view.isMirrored);
  const own = await engine.run(pixels, 'probabilities');
  const turned = await engine.run(cutViews(pixels, FACE_SIZE, mirror), 'probabilities');
  const embeddings = await engine.run(pixels, 'embedding');
  await engine.close();
  return { probabilities: own.map((p, i) => (p + turned[i]!) / 2), embeddings };
};

/** Trains one network of the evidence on the backend that was chosen, and reads its rows. */
export const runFold = async (
  job: FoldJob,
  data: TrainingData,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<FoldReadings> => {
  const { spec, judged, trained } = job;
  const config = fitBatch(job.config, trained.length);
  const network = buildNetwork(spec, config.seed);
  const engine = await openEngine(network, data, config);
  try {
    const watch = watchRows(engine, data, { ...job, config });
    const result = await runTraining({
      ...{ ...data, spec, engine, config, rows: trained },
      ...(onProgress ? { onProgress } : {}),
      onRest: async ({ kind }) => {
        if (kind === 'epoch') await watch.look();
      },
    });
    setWeights(network, result.weights);
    const { inputSize: size, mean, std } = spec;
    const onnx = toOnnx(await fromTfjs(network.model), { input: { size, mean, std } });
    return { ...(await readRows(onnx, data.images, judged)), ...watch.result() };
  } finally {
    engine.dispose();
    network.model.dispose();
  }
};
