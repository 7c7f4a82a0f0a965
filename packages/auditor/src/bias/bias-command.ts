import { type Command, Option } from 'commander';
import type { Io, Run } from '../cli/io.ts';
import type { BiasCommandOptions } from './run-bias.ts';
import { SLICES } from './slices.ts';

export function addBiasCommand(program: Command, io: Io, run: Run): void {
  program
    .command('bias')
    .description(
      'compare groups: accuracy, equalised odds, disparate impact, with intervals; or say the data do not suffice',
    )
    .option('--predictions <file>', 'CSV with the columns group, predicted and, where known, truth')
    .option('--samples <file>', 'FER-2013 CSV, to slice by what the pictures show')
    .option('--evidence <file>', 'evidence about these samples, for the predictions')
    .addOption(new Option('--slice <name>', 'what to slice by').choices([...SLICES]).default('brightness'))
    .option('--max-gap <share>', 'largest gap in rates that counts as fair', Number, 0.1)
    .option('--min-impact <share>', 'least ratio of selection rates that counts as fair', Number, 0.8)
    .addOption(
      new Option('--format <format>', 'form of the result').choices(['text', 'json']).default('text'),
    )
    .option('--output <file>', 'write the result to a file instead of stdout')
    .action((options: BiasCommandOptions) =>
      run(async () => {
        const { runBias } = await import('./run-bias.ts');
        return runBias(io, options);
      }),
    );
}
