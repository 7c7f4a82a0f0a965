import { exitCodeOf } from '@testigo/trail';
import { Command, CommanderError } from 'commander';
import { addPoisonBenchCommand } from '../bench/poison-bench-command.ts';
import { addBiasCommand } from '../bias/bias-command.ts';
import { RpcRefusal, RpcUnreachable } from '../chain/json-rpc.ts';
import { AuditError, messageOf } from '../errors.ts';
import { cleanText } from '../report/clean-text.ts';
import { LogUnreachable } from '../trail/tile-source.ts';
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
    // A node's or a log's own words can stand in a message.
    io.stderr.write(`testigo-audit: ${cleanText(messageOf(error))}\n`);
    if (error instanceof AuditError) return EXIT_USAGE;
    // Not 1: a program that broke off has shown nothing against the evidence.
    if (
      !(error instanceof RpcUnreachable || error instanceof RpcRefusal || error instanceof LogUnreachable)
    ) {
      io.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
    }
    return exitCodeOf('inconclusive');
  }
}

export function createProgram(io: Io, run: Run): Command {
  const program = new Command('testigo-audit')
    .description('Verifies what a Testigo log claims, without trusting the servers that made the claim.')
    .version(TOOL_VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .showHelpAfterError('(add --help for the options)')
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
