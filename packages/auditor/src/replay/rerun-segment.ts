import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How segments are done again here: by a program with the interface of docs/spec/training-transcript.md. */
export interface Rerun {
  readonly program: string;
  readonly run: string;
  readonly data: string;
}

/** The segment file that the program writes, or why there is none. */
export async function rerunSegment(
  { program, run, data }: Rerun,
  index: number,
  signal: AbortSignal,
): Promise<{ readonly bytes?: Uint8Array; readonly source: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'testigo-segment-'));
  const out = join(dir, 'segment.json');
  const args = ['transcript', '--run', run, '--segment', String(index), '--data', data, '--out', out];
  const command = `${program} transcript --run ${run} --segment ${index} --data ${data}`;
  try {
    const problem = await runProgram(program, args, signal);
    if (problem !== undefined) return { source: `${command}: ${problem}` };
    const bytes = await readFile(out).catch(() => undefined);
    return { source: command, ...(bytes !== undefined && { bytes: new Uint8Array(bytes) }) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Undefined if it ended well, else the last line it said. */
function runProgram(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { signal, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2000);
    });
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (code) => {
      const last = said.trimEnd().split('\n').at(-1) ?? '';
      resolve(code === 0 ? undefined : `exit code ${code}, ${last}`);
    });
  });
}
