// Training steps of the mission's network on one backend, on made pictures: what they show does not change the work.
import { planViews } from '../../src/augment/view.ts';
import { type BackendName, chooseBackend } from '../../src/backend/choose-backend.ts';
import { buildNetwork, type FerNetwork, getWeights } from '../../src/network/build.ts';
import { parametersOf } from '../../src/network/parameters.ts';
import { MISSION_NETWORK, SOURCE_SIZE } from '../../src/network/spec.ts';
import { createGenerator } from '../../src/random/keyed-generator.ts';
import { MISSION_TRAINING, type TrainingConfig } from '../../src/training/config.ts';
import { TfjsEngine } from '../../src/training/tfjs-engine.ts';

export const SPEED = { batch: MISSION_TRAINING.batchSize, warmUpSteps: 2, timedSteps: 6 };
/** Two pictures: plain JavaScript, the reference, takes half a minute for them. */
export const PARITY_BATCH = 2;

export type Speed = {
  readonly backend: string;
  readonly losses: readonly number[];
  readonly imagesPerSecond: number;
  /** What a busy machine still tells truly. */
  readonly imagesPerCpuSecond: number;
};

type Trainer = {
  readonly backend: string;
  readonly network: FerNetwork;
  /** One step over all pictures; its loss. */
  step(learningRate: number): Promise<number>;
};

async function openTrainer(only: BackendName, count: number, config: TrainingConfig): Promise<Trainer> {
  const { name, detail } = await chooseBackend({ only, print: () => {} });
  const random = createGenerator('tensorflow-binding');
  const images = Uint8Array.from({ length: count * SOURCE_SIZE ** 2 }, () => random.word() & 255);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 7);
  const network = buildNetwork(MISSION_NETWORK, 'tensorflow-binding');
  const engine = new TfjsEngine(network, { images, labels }, config);
  const { inputSize: size, mean: fill } = MISSION_NETWORK;
  const plan = { sourceSize: SOURCE_SIZE, size, recipe: config.augmentation, fill, random };
  const indices = Uint32Array.from({ length: count }, (_, i) => i);
  let maskSeed = 0;
  const step = async (learningRate: number): Promise<number> => {
    const views = planViews(count, plan);
    await engine.step({ indices, partners: new Uint32Array(), views, learningRate, maskSeed });
    maskSeed += 1;
    return (await engine.readMetrics()).lossSum / count;
  };
  return { backend: `${name} (${detail})`, network, step };
}

export async function measureSpeed(only: BackendName): Promise<Speed> {
  const { batch, warmUpSteps, timedSteps } = SPEED;
  const { backend, step } = await openTrainer(only, batch, MISSION_TRAINING);
  const losses: number[] = [];
  const run = async (steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) losses.push(await step(MISSION_TRAINING.learningRate));
  };
  await run(warmUpSteps);
  const started = performance.now();
  const before = process.cpuUsage();
  await run(timedSteps);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const perSecond = (s: number): number => Number(((timedSteps * batch) / s).toFixed(1));
  const imagesPerCpuSecond = perSecond((user + system) / 1e6);
  return { backend, losses, imagesPerSecond: perSecond(seconds), imagesPerCpuSecond };
}

/** What one step of plain gradient descent adds to each parameter, at a rate that dwarfs the sum's rounding. */
async function changeOf(only: BackendName): Promise<Float32Array[]> {
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  const { network, step } = await openTrainer(only, PARITY_BATCH, { ...MISSION_TRAINING, optimizer });
  const before = (await getWeights(network)).map((values) => values.slice());
  await step(100);
  const after = await getWeights(network);
  return after.map((values, k) => values.map((v, i) => v - (before[k]?.[i] ?? Number.NaN)));
}

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(
    a.reduce((sum, v, i) => sum + (v - (b[i] ?? Number.NaN)) ** 2, 0) / a.reduce((sum, v) => sum + v * v, 0),
  );

/** The gradient of each kernel and bias of the whole network: relative distance from plain JavaScript. */
export async function measureParity(only: BackendName): Promise<Record<string, number>> {
  const reference = await changeOf('cpu');
  const seen = await changeOf(only);
  const rows = parametersOf(MISSION_NETWORK).map(({ name }, k) => {
    const [a, b] = [reference[k], seen[k]];
    return [name, a && b ? Number(distance(a, b).toExponential(1)) : Number.NaN] as const;
  });
  return Object.fromEntries(rows.filter(([name]) => /\/(kernel|bias)$/.test(name)));
}
