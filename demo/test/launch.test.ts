import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const programs = ['auditor', 'model', 'inference-api'].flatMap((name) =>
  Object.entries(read(`packages/${name}/package.json`).bin as Record<string, string>).map(
    ([program, bin]) => ({ program, file: join(root, 'packages', name, bin) }),
  ),
);

const start = (node: string, file: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(node, [file, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

/** A Node on this machine that is older than the programs need, if there is one. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .map((folder) => join(folder, 'node'))
  .filter((path) => existsSync(path))
  .find((path) => {
    const { stdout } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    return Number(stdout.split('.')[0]) < 22;
  });

it('names every program, in files that are there before anything is built', () => {
  expect(programs.map(({ program }) => program).sort()).toEqual([
    'testigo-api',
    'testigo-audit',
    'testigo-log',
    'testigo-model',
  ]);
  for (const { file } of programs) expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

it.each(programs)('starts $program on this Node', ({ program, file }) => {
  const { status, stdout, stderr } = start(process.execPath, file, '--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain(`Usage: ${program}`);
});

it.each(programs)('calls an unknown option of $program wrong usage', ({ file }) => {
  expect(start(process.execPath, file, '--nonsense').status).toBe(2);
});

it.runIf(oldNode !== undefined)('says in one sentence that a Node is too old', () => {
  for (const { program, file } of programs) {
    const { status, stdout, stderr } = start(oldNode!, file, '--help');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^${program}: this is Node [^\\n]+\\n$`));
  }
});

it('asks for the Node that package.json asks for', async () => {
  const launcher = await import(join(root, 'scripts/node-version.mjs'));
  expect(read('package.json').engines.node).toBe(`>=${launcher.MINIMUM_NODE}`);
  const versions = ['24.0.0', '22.18.0', '22.17.9', '20.20.2', '18.0.0'];
  expect(versions.map(launcher.isNewEnough)).toEqual([true, true, false, false, false]);
});
