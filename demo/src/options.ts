import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';

export interface DemoOptions {
  readonly once: boolean;
  readonly image: readonly string[];
  readonly data?: string;
  readonly epochs: number;
  readonly subset: number;
  readonly port: number;
  readonly chainPort: number;
}

function integerWithin(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Give a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

// npm runs scripts in the package's folder and keeps the user's in INIT_CWD.
const fromUsersFolder = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path);
const collect = (path: string, paths: readonly string[]): string[] => [...paths, fromUsersFolder(path)];

/** Exits with 2 on unknown options, as every command here does. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const port = integerWithin(0, 65_535);
  const command = new Command('npm start --')
    .description(
      'Tells the whole story on one machine: chain, registry, dataset, model, API, pictures, anchor, audit.',
    )
    .option('--once', "exit with the verdict's exit code instead of keeping the API up", false)
    .option(
      '--image <file>',
      'send your own JPEG, PNG or WebP picture instead of the samples; may be repeated',
      collect,
      [],
    )
    .option(
      '--data <csv>',
      'train on a FER-2013 CSV first, instead of using the model in the repository',
      fromUsersFolder,
    )
    .option('--epochs <n>', 'with --data: how long to train', integerWithin(1, 1000), 2)
    .option('--subset <n>', 'with --data: how many rows to train on', integerWithin(100, 1_000_000), 500)
    .option('--port <n>', 'port of the API', port, 8080)
    .option('--chain-port <n>', 'port of the local chain', port, 8545)
    .addHelpText(
      'after',
      '\nExit codes: 0 verified, 1 failed, 2 usage, 3 inconclusive, 130 interrupted.\n\nExamples:\n  npm start -- --once\n  npm start -- --image me.jpg\n  npm start -- --data fer2013.csv --epochs 5 --subset 5000',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  return command.parse(argv).opts<DemoOptions>();
}
