import { writeFile } from 'node:fs/promises';
import { AuditError, describeWriting, messageOf } from '../errors.ts';

interface TextSink {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Everything a command may touch of the world outside, so that the commands are the only imperative part. */
export interface Io {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** https://no-color.org: set and not empty means no colour; a pipe gets none either. */
export function hasColour(io: Io): boolean {
  return io.stdout.isTTY === true && (io.env.NO_COLOR ?? '') === '' && io.env.TERM !== 'dumb';
}

/** The result goes to stdout or to --output, and nowhere else. */
export async function writeResult(io: Io, text: string, output: string | undefined): Promise<void> {
  if (output !== undefined) {
    try {
      await writeFile(output, text);
    } catch (cause) {
      throw new AuditError('output-unwritable', `cannot write ${output}: ${describeWriting(cause)}`, {
        cause,
      });
    }
    return;
  }
  const failure = await new Promise<Error | null | undefined>((resolve) => {
    io.stdout.write(text, resolve);
  });
  if (failure) {
    const why = messageOf(failure);
    throw new AuditError('output-unwritable', `cannot write to standard output: ${why}`, { cause: failure });
  }
}

/** A command's action returns the exit code, so that nothing in this program ends in success by default. */
export type Run = (action: () => Promise<number>) => Promise<void>;
