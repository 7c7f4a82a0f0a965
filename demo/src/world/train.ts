import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Trains on a FER-2013 CSV with `testigo-model train`, its progress on this terminal. */
export function trainModel(given: {
  readonly data: string;
  readonly epochs: number;
  readonly subset: number;
  readonly out: string;
}): Promise<void> {
  const require = createRequire(import.meta.url);
  const cli = join(dirname(require.resolve('@testigo/model')), 'cli', 'main.js');
  const args = [
    'train',
    '--data',
    given.data,
    '--epochs',
    String(given.epochs),
    '--limit',
    String(given.subset),
    '--out',
    given.out,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`training on ${given.data} did not finish`));
    });
  });
}
