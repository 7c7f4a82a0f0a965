import type { Command } from 'commander';
import { ModelError } from '../errors.ts';
import { type CommandContext, emit, parseChoice, parseCount } from './context.ts';
import { BACKENDS } from './train-flags.ts';

type TranscriptFlags = {
  readonly run: string;
  readonly segment?: number;
  readonly data?: string;
  readonly backend?: (typeof BACKENDS)[number];
  readonly out?: string;
};

const need = (option: string, value: string | undefined): string => {
  if (value === undefined)
    throw new ModelError('option-invalid', { option, seen: 'it is needed with --segment' });
  return value;
};

export const addTranscript = (program: Command, context: CommandContext): void => {
  program
    .command('transcript')
    .description('show the hash chain of a training run, or re-run one segment of it for an auditor')
    .requiredOption('--run <folder>', 'run folder of a finished `testigo-model train`')
    .option('--segment <i>', 'the segment to re-run, from 0', parseCount('segment', 0))
    .option('--data <path>', 'with --segment: the data that the run was trained on')
    .option(
      '--backend <name>',
      `with --segment: ${BACKENDS.join(', ')} (default: that of the run)`,
      parseChoice('backend', BACKENDS),
    )
    .option('--out <file>', 'where to write (needed with --segment)')
    .addHelpText(
      'after',
      `
Without --segment: the entries, one a line. With it, the steps between two entries are done again, from the nearest
state that the run kept (\`train --keep-states\` keeps all; without one, from the beginning), and the file says what
weights, optimizer and rows they lead to. The auditor compares it with the transcript in the bundle.
On WASM the same bits come out on every machine; elsewhere the last digit may differ.
  testigo-model transcript --run my-model.run --segment 3 --data fer2013.csv --out segment.json`,
    )
    .action(async (flags: TranscriptFlags) => {
      const { readTranscript, runSegment } = await import('./run-segment.ts');
      if (flags.segment === undefined) {
        const { entries } = readTranscript(flags.run);
        const lines = entries.map(({ step, head }, i) => `${i} step ${step} ${head}\n`);
        emit(context, lines.join(''), flags.out);
        return;
      }
      const { run, segment, backend } = flags;
      const [data, out] = [need('data', flags.data), need('out', flags.out)];
      await runSegment({ run, segment, data, out, ...(backend ? { backend } : {}) }, context);
    });
};
