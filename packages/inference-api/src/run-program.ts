import { type Command, CommanderError } from 'commander';
import { ConfigError } from './config.ts';
import { API_ERRORS, ApiError } from './errors.ts';

const FAILED = 1;
const USAGE_ERROR = 2;

/**
 * A reader that has seen enough, as `head` has, is no failure of the program: it goes on and ends with its own exit
 * code. Any other failure to write is one, and is said on stderr while that can be written.
 */
const watchStreams = (name: string): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`${name}: cannot write to standard output: ${error.message}\n`);
    process.exitCode = FAILED;
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = FAILED;
  });
};

/** Commander has written its help, or what was wrong, before it throws. */
const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
  return error instanceof ConfigError ? USAGE_ERROR : FAILED;
};

const wordsOf = (error: unknown): string => {
  // Of a host with several addresses: the words are with each of them.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message : String(error);
};

/** What happened, why, what to do, and the code that docs/api-errors.md lists. */
const describe = (error: unknown): string => {
  if (!(error instanceof ApiError)) return wordsOf(error);
  const what = error.message.replace(/\.$/, '');
  const why = error.cause === undefined ? '' : wordsOf(error.cause);
  const cause = what.includes(why) ? '' : `: ${why}`;
  return `${what}${cause}. ${API_ERRORS[error.code].help} [${error.code}]`;
};

/** Runs a command line. Exit code 2: it, or the configuration, is wrong; 1: anything else, in one sentence on stderr. */
export const runProgram = async (program: Command): Promise<void> => {
  watchStreams(program.name());
  // Not process.exit, which would leave before a failed write is told.
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) process.stderr.write(`${program.name()}: ${describe(error)}\n`);
    const code = exitCodeOf(error);
    if (code !== 0) process.exitCode = code;
  }
};

/** Writes what is of no use unless it arrives. @throws the stream's error */
export const writeOut = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
