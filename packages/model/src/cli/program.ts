import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ModelError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { addEvaluate } from './evaluate.ts';
import { addEvidence } from './evidence.ts';
import { addExport } from './export.ts';
import { addInfo } from './info.ts';
import { addQuantize } from './quantize.ts';
import { addSamples } from './samples.ts';
import { addServe } from './serve.ts';
import { addTrain } from './train.ts';
import { addTranscript } from './transcript.ts';

const version = (): string =>
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

export const buildProgram = (context: CommandContext): Command => {
  const program = new Command('testigo-model')
    .description('Train, evaluate, export and serve the emotion model whose readings Testigo records.')
    .version(version())
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .addHelpText(
      'after',
      `
A model lives in a bundle: a folder whose manifest names the digest of every file in it. Its digest is the
model version that each reading carries. Commands take the bundle that ships with Testigo unless --bundle says
otherwise. Results go to stdout, progress and messages to stderr.

Exit codes: 0 done, 1 failed (one line says why and where), 2 wrong usage, 130 interrupted.`,
    );
  const commands = [
    addTrain,
    addTranscript,
    addEvaluate,
    addEvidence,
    addSamples,
    addExport,
    addQuantize,
    addServe,
    addInfo,
  ];
  for (const add of commands) add(program, context);
  return program;
};

const isFileError = (error: unknown): error is NodeJS.ErrnoException & { path: string } =>
  error instanceof Error && 'syscall' in error && 'path' in error && typeof error.path === 'string';

/** What the system said of a file, as an error of ours. */
const ofOurs = (error: unknown): unknown =>
  isFileError(error)
    ? new ModelError(
        'file-failed',
        { path: error.path, seen: error.message.split(',')[0]! },
        { cause: error },
      )
    : error;

/** Runs one command line and returns its exit code. */
export const runCli = async (argv: readonly string[], context: CommandContext): Promise<number> => {
  try {
    await buildProgram(context).parseAsync([...argv]);
    return 0;
  } catch (thrown) {
    const error = ofOurs(thrown);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ModelError) {
      context.stderr.write(`testigo-model: ${error.message}\n  ${error.help} [${error.code}]\n`);
      return error.code === 'option-invalid' ? 2 : 1;
    }
    if (error instanceof Error && error.name === 'AbortError') return 130;
    context.stderr.write(
      `testigo-model: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return 1;
  }
};
