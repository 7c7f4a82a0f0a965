import { writeFileSync } from 'node:fs';
import { ModelError } from '../errors.ts';

/** Where a command writes: passed in, so that tests read it. */
export type CommandContext = {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  /** Aborted on Ctrl-C. */
  readonly signal: AbortSignal;
};

/** Writes a result to a file, or to stdout without one. */
export const emit = (context: CommandContext, text: string, file?: string): void => {
  if (file === undefined) context.stdout.write(text);
  else writeFileSync(file, text);
};

export const parseChoice =
  <T extends string>(option: string, choices: readonly T[]) =>
  (value: string): T => {
    const found = choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
    if (found === undefined)
      throw new ModelError('option-invalid', { option, seen: `${value} is none of ${choices.join(', ')}` });
    return found;
  };

export const parseCount =
  (option: string, least = 1) =>
  (value: string): number => {
    const count = Number(value);
    if (!Number.isInteger(count) || count < least) {
      throw new ModelError('option-invalid', {
        option,
        seen: `${value} is not a whole number from ${least}`,
      });
    }
    return count;
  };
