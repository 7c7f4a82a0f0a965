import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { RunLock } from './run-lock.ts';

const newFolder = (): string => join(mkdtempSync(join(tmpdir(), 'testigo-lock-')), 'run');

test('one holder at a time, and the refusal names it', () => {
  const folder = newFolder();
  const lock = RunLock.take(folder);
  expect(() => RunLock.take(folder)).toThrow(
    expect.objectContaining({
      code: 'run-locked',
      message: expect.stringContaining(`process ${process.pid} `),
    }),
  );
  RunLock.take(newFolder()).release(); // another run is no concern of it
  lock.release();
  RunLock.take(folder).release();
});

test('the lock of a process that was killed is free', async () => {
  const folder = newFolder();
  const module = fileURLToPath(new URL('./run-lock.ts', import.meta.url));
  const program = `const { RunLock } = await import(${JSON.stringify(module)});
    globalThis.held = RunLock.take(${JSON.stringify(folder)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(() => RunLock.take(folder)).toThrow(expect.objectContaining({ code: 'run-locked' }));
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(join(folder, 'run.lock.json'))).toBe(true);
  RunLock.take(folder).release();
});
