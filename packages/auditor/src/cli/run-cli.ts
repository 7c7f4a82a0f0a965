import { exitCodeOf } from '@testigo/trail';
import { Command, CommanderError } from 'commander';
import { addPoisonBenchCommand } from '../bench/poison-bench-command.ts';
import { addBiasCommand } from '../bias/bias-command.ts';
import { AuditError } from '../errors.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addDatasetCommand } from './commands/dataset.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addExportCommand } from './commands/export.ts';
import { addKeyCommand } from './commands/key.ts';
import { addModelCommand } from './commands/model.ts';
import { addPublishCommand } from './commands/publish.ts';
import { addQueryCommand } from './commands/query.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addReserveCommand } from './commands/reserve.ts';
import { addTrailCommand } from './commands/trail.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { addWatchCommand } from './commands/watch.ts';
import { describeError } from './describe-error.ts';
import type { Io, Run } from './io.ts';
import { TOOL_VERSION } from './version.ts';

/** Exit codes beside the three of an outcome (0 verified, 1 failed, 3 inconclusive). */
const EXIT_USAGE = 2;

export async function runCli(args: readonly string[], io: Io): Promise<number> {
  let exitCode = EXIT_USAGE;
  const run: Run = async (action) => {
    exitCode = await action();
  };
  const program = createProgram(io, run);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    io.stderr.write(`testigo-audit: ${describeError(error)}\n`);
    // Not 1: a program that broke off has shown nothing against the evidence.
    return error instanceof AuditError ? EXIT_USAGE : exitCodeOf('inconclusive');
  }
}

export function createProgram(io: Io, run: Run): Command {
  const program = new Command('testigo-audit')
    .description('Verifies what a Testigo log claims, without trusting the servers that made the claim.')
    .version(TOOL_VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => {
        const message = text
          .replace(/^error: /, '')
          .trim()
          .replaceAll('\n', ' ');
        write(`testigo-audit: ${describeError(new AuditError('usage', message))}\n`);
      },
    })
    .addHelpText('after', EXIT_CODES_HELP);
  addVerifyCommand(program, io, run);
  addTrailCommand(program, io, run);
  addModelCommand(program, io, run);
  addDatasetCommand(program, io, run);
  addWatchCommand(program, io, run);
  addReplayCommand(program, io, run);
  addExportCommand(program, io, run);
  addQueryCommand(program, io, run);
  addPublishCommand(program, io, run);
  addKeyCommand(program, io, run);
  addReserveCommand(program, io, run);
  addPoisonBenchCommand(program, io, run);
  addBiasCommand(program, io, run);
  addExplainCommand(program, io, run);
  addCompletionCommand(program, io, run);
  return program;
}

const EXIT_CODES_HELP = `
Exit codes: 0 verified, 1 failed, 2 usage, 3 inconclusive, 130 interrupted.
Nothing that is missing or unreachable ever counts as verified.`;
