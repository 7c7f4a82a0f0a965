// Runs the gradient-parity and training tests on the binding that build-tensorflow-binding.mjs made, then the same
// training steps on it and on WASM: node packages/model/scripts/check-tensorflow-binding.ts [FILE.json]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BackendName } from '../src/backend/choose-backend.ts';
import { measureParity, measureSpeed, PARITY_BATCH, SPEED, type Speed } from './tensorflow-binding/steps.ts';

const TESTS = ['src/kernels/gradients.test.ts', 'src/training/train.test.ts'];
const MEASUREMENTS = { '--speed': measureSpeed, '--parity': measureParity } as const;
type Measurement = keyof typeof MEASUREMENTS;

/** In a process of its own: each backend keeps threads and memory, and TensorFlow logs to its output. */
function measure(measurement: Measurement, backend: BackendName): unknown {
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), measurement, backend], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.slice(output.lastIndexOf('\n{') + 1));
}

function runTests(): { readonly passed: number; readonly failed: number; readonly names: readonly string[] } {
  const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
  const scratch = mkdtempSync(join(tmpdir(), 'testigo-tensorflow-'));
  try {
    const outputFile = join(scratch, 'report.json');
    execFileSync(
      process.execPath,
      [vitest, 'run', '--reporter=json', `--outputFile=${outputFile}`, ...TESTS],
      {
        cwd: fileURLToPath(new URL('..', import.meta.url)),
        env: { ...process.env, TESTIGO_TEST_BACKEND: 'tensorflow' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const report = JSON.parse(readFileSync(outputFile, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      testResults: { assertionResults: { title: string }[] }[];
    };
    const names = report.testResults.flatMap((file) => file.assertionResults.map((test) => test.title));
    return { passed: report.numPassedTests, failed: report.numFailedTests, names };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const load = (): number => Number((loadavg()[0] ?? 0).toFixed(1));

function check(): unknown {
  const built = new URL('../node_modules/@tensorflow/tfjs-node-gpu/binding.json', import.meta.url);
  return {
    machine: { cpu: `${cpus().length} x ${cpus()[0]?.model}`, node: process.version, loadBefore: load() },
    command: 'node packages/model/scripts/check-tensorflow-binding.ts',
    binding: JSON.parse(readFileSync(built, 'utf8')) as unknown,
    tests: runTests(),
    gradientDistanceFromPlainJavaScript: {
      batch: PARITY_BATCH,
      ...(measure('--parity', 'tensorflow') as Record<string, number>),
    },
    speed: {
      ...SPEED,
      runs: [measure('--speed', 'tensorflow') as Speed, measure('--speed', 'wasm') as Speed],
    },
    loadAfter: load(),
  };
}

const [, , first, backend] = process.argv;
if (first && first in MEASUREMENTS) {
  const result = await MEASUREMENTS[first as Measurement](backend as BackendName);
  process.stdout.write(`\n${JSON.stringify(result)}\n`);
} else {
  const text = `${JSON.stringify(check(), null, 2)}\n`;
  process.stdout.write(text);
  if (first) writeFileSync(first, text);
}
