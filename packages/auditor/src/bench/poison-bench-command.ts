import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { Io, Run } from '../cli/io.ts';
import { parseCount } from '../cli/options.ts';
import type { PoisonBenchOptions } from './run-poison-bench.ts';

export function addPoisonBenchCommand(program: Command, io: Io, run: Run): void {
  program
    .command('poison-bench')
    .description('poison a clean set in known ways, and measure what the detectors find')
    .requiredOption('--samples <file>', 'clean set: a FER-2013 CSV')
    .option('--cases <names>', 'cases to run, comma-separated; all where not given')
    .option('--seeds <n>', 'poisoned sets a case', parseCount, 1)
    .option('--evidence <folder>', 'evidence about the sets, as CASE-SEED.ev')
    .option(
      '--verified <file>',
      'one byte a row, 1 where the label is known to be right: only these can be false alarms, or flipped labels that count',
    )
    .option('--export <folder>', 'only write the poisoned sets, as CASE-SEED.csv, for testigo-model evidence')
    .option('--out <folder>', 'write results.json and one SVG of ROC curves a case')
    .option('--threads <n>', 'worker threads', parseCount, availableParallelism())
    .action((options: PoisonBenchOptions) =>
      run(async () => {
        const { runPoisonBenchCommand } = await import('./run-poison-bench.ts');
        return runPoisonBenchCommand(io, options);
      }),
    );
}
