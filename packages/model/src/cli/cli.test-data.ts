import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PIXEL_COUNT } from '../labels.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import { runCli } from './program.ts';

/** The built program. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Runs the built program in a folder. */
export const runMain = (cwd: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd });
  return { status, stdout, stderr };
};

/** The same program without a process of its own. */
export const runHere = async (...args: string[]) => {
  const out = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      out[name] += text;
    },
  });
  const context = { stdout: sink('stdout'), stderr: sink('stderr'), signal: new AbortController().signal };
  return { status: await runCli(['node', 'testigo-model', ...args], context), ...out };
};

/** Made-up faces: a bright band whose height is the class, with noise; every fourth row is PublicTest. */
export const writeFaces = (folder: string, name: string, rows: number): string => {
  const random = createGenerator('cli', name);
  const lines = Array.from({ length: rows }, (_, row) => {
    const label = row % 7;
    const pixels = Array.from({ length: PIXEL_COUNT }, (_, i) => {
      const isBright = Math.floor(i / 48 / 7) === label;
      return Math.floor((isBright ? 180 : 60) + 50 * random.uniform());
    });
    return `${label},${pixels.join(' ')},${row % 4 === 3 ? 'PublicTest' : 'Training'}`;
  });
  const path = join(folder, name);
  writeFileSync(path, `emotion,pixels,Usage\n${lines.join('\n')}\n`);
  return path;
};
