// Runs the gradient-parity and training tests on the binding that build-tensorflow-binding.mjs made, then the same
// training steps on it and on WASM: node packages/model/scripts/check-tensorflow-binding.ts [FILE.json]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planViews } from '../src/augment/view.ts';
import { type BackendName, chooseBackend } from '../src/backend/choose-backend.ts';
import { buildNetwork } from '../src/network/build.ts';
import { MISSION_NETWORK, SOURCE_SIZE } from '../src/network/spec.ts';
import { createGenerator } from '../src/random/keyed-generator.ts';
import { MISSION_TRAINING } from '../src/training/config.ts';
import { TfjsEngine } from '../src/training/tfjs-engine.ts';

const BATCH = MISSION_TRAINING.batchSize;
const WARM_UP_STEPS = 2;
const TIMED_STEPS = 6;
const TESTS = ['src/kernels/gradients.test.ts', 'src/training/train.test.ts'];
const folder = fileURLToPath(new URL('..', import.meta.url));

type Steps = {
  readonly backend: string;
  readonly losses: readonly number[];
  readonly imagesPerSecond: number;
  readonly imagesPerCpuSecond: number;
};

/** The mission's network, recipe and batch on made pictures: the arithmetic does not depend on what they show. */
async function trainSteps(only: BackendName): Promise<Steps> {
  const { name, detail } = await chooseBackend({ only, print: () => {} });
  const random = createGenerator('tensorflow-binding');
  const images = Uint8Array.from({ length: BATCH * SOURCE_SIZE ** 2 }, () => random.word() & 255);
  const labels = Uint8Array.from({ length: BATCH }, (_, i) => i % 7);
  const network = buildNetwork(MISSION_NETWORK, 'tensorflow-binding');
  const engine = new TfjsEngine(network, { images, labels }, MISSION_TRAINING);
  const { inputSize: size, mean: fill } = MISSION_NETWORK;
  const recipe = MISSION_TRAINING.augmentation;
  const losses: number[] = [];
  let started = 0;
  let cpu = process.cpuUsage();
  for (let step = 0; step < WARM_UP_STEPS + TIMED_STEPS; step++) {
    if (step === WARM_UP_STEPS) {
      started = performance.now();
      cpu = process.cpuUsage();
    }
    const views = planViews(BATCH, { sourceSize: SOURCE_SIZE, size, recipe, fill, random });
    const indices = Uint32Array.from({ length: BATCH }, (_, i) => i);
    const { learningRate } = MISSION_TRAINING;
    await engine.step({ indices, partners: new Uint32Array(), views, learningRate, maskSeed: step });
    const { lossSum, count } = await engine.readMetrics();
    losses.push(lossSum / count);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (s: number): number => Number(((TIMED_STEPS * BATCH) / s).toFixed(1));
  const cpuSeconds = (user + system) / 1e6;
  return {
    backend: `${name} (${detail})`,
    losses,
    imagesPerSecond: perSecond(seconds),
    imagesPerCpuSecond: perSecond(cpuSeconds),
  };
}

/** One process a backend: WASM and TensorFlow each keep threads and memory. */
function measure(backend: BackendName): Steps {
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--steps', backend], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.slice(output.lastIndexOf('\n{') + 1)) as Steps;
}

function runTests(): { readonly passed: number; readonly failed: number; readonly names: readonly string[] } {
  const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
  const scratch = mkdtempSync(join(tmpdir(), 'testigo-tensorflow-'));
  const outputFile = join(scratch, 'report.json');
  execFileSync(process.execPath, [vitest, 'run', '--reporter=json', `--outputFile=${outputFile}`, ...TESTS], {
    cwd: folder,
    env: { ...process.env, TESTIGO_TEST_BACKEND: 'tensorflow' },
    stdio: 'ignore',
  });
  const report = JSON.parse(readFileSync(outputFile, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    testResults: { assertionResults: { title: string }[] }[];
  };
  rmSync(scratch, { recursive: true });
  const names = report.testResults.flatMap((file) => file.assertionResults.map((test) => test.title));
  return { passed: report.numPassedTests, failed: report.numFailedTests, names };
}

if (process.argv[2] === '--steps') {
  const steps = await trainSteps(process.argv[3] as BackendName);
  process.stdout.write(`\n${JSON.stringify(steps)}\n`);
} else {
  const built = new URL('../node_modules/@tensorflow/tfjs-node-gpu/binding.json', import.meta.url);
  const load = (): number => Number((loadavg()[0] ?? 0).toFixed(1));
  const result = {
    machine: { cpu: `${cpus().length} x ${cpus()[0]?.model}`, loadBefore: load(), node: process.version },
    command: 'node packages/model/scripts/check-tensorflow-binding.ts',
    binding: JSON.parse(readFileSync(built, 'utf8')) as unknown,
    tests: runTests(),
    training: { network: MISSION_NETWORK.name, batch: BATCH, warmUp: WARM_UP_STEPS, timed: TIMED_STEPS },
    steps: [measure('tensorflow'), measure('wasm')] as const,
  };
  const [own, wasm] = result.steps;
  const apart = own.losses.map((loss, i) => Math.abs(loss - (wasm.losses[i] ?? Number.NaN)));
  const text = JSON.stringify(
    { ...result, largestLossDifference: Math.max(...apart), loadAfter: load() },
    null,
    2,
  );
  if (process.argv[2]) writeFileSync(process.argv[2], `${text}\n`);
  process.stdout.write(`${text}\n`);
}
