import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const modelCli = (): string => {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('@testigo/model')), 'cli', 'main.js');
};

/** Runs `testigo-model`, what it says on this terminal. */
function runModelCli(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [modelCli(), ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`testigo-model ${args[0]} did not finish; it says why above`));
    });
  });
}

/** Trains on a FER-2013 CSV with `testigo-model train`, its progress on this terminal. */
export const trainModel = (given: {
  readonly data: string;
  readonly epochs: number;
  readonly subset: number;
  readonly out: string;
}): Promise<void> =>
  runModelCli([
    ...['train', '--data', given.data, '--out', given.out, '--batch', '32'],
    ...['--epochs', String(given.epochs), '--limit', String(given.subset)],
  ]);

/** Writes the samples of the dataset a bundle was trained on, for the auditor to check. */
export const writeSamples = (given: {
  readonly data: string;
  readonly bundleDir: string;
  readonly out: string;
}): Promise<void> =>
  runModelCli(['samples', '--data', given.data, '--bundle', given.bundleDir, '--out', given.out]);
