import { type ExecFileException, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

// A driver that hangs must not hold up a training that can do without it.
const TIMEOUT_MS = 30_000;

// Beside this file, built or not.
const probeFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './probe-main.ts' : './probe-main.js', import.meta.url);

const reasonOf = (error: unknown): string => {
  const { signal, code, stderr = '' } = error as ExecFileException & { readonly stderr?: string };
  const last = stderr.trim().split('\n').at(-1);
  return `it ended with ${signal ?? code}${last ? `: ${last}` : ''}`;
};

/**
 * What the hardware adapter calls itself, or null where there is none. Asked in another process: drivers that find no
 * card write that to standard error from native code, as though something were wrong, and one that crashes would take
 * the whole training along.
 * `onFailure` is told, in a few words, where the looking itself failed.
 */
export const probeAdapter = async (onFailure: (reason: string) => void): Promise<string | null> => {
  try {
    const { stdout } = await run(process.execPath, [fileURLToPath(probeFile())], { timeout: TIMEOUT_MS });
    return stdout || null;
  } catch (error) {
    onFailure(reasonOf(error));
    return null;
  }
};
