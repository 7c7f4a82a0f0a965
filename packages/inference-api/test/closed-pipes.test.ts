import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createApiKeys } from '../src/auth/api-keys.ts';
import { openSqliteState } from '../src/state/sqlite-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'testigo-pipes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (program: 'main' | 'log-main', args: readonly string[], stdout: 'pipe' | number = 'pipe') =>
  spawn(process.execPath, [fileURLToPath(new URL(`../src/${program}.ts`, import.meta.url)), ...args], {
    stdio: ['ignore', stdout, 'pipe'],
    env: {
      TESTIGO_DATA_DIR: folder,
      TESTIGO_REGISTRY__RPC_URL: 'http://127.0.0.1:1',
      TESTIGO_REGISTRY__ADDRESS: `0x${'1'.repeat(40)}`,
      TESTIGO_REGISTRY__CHAIN_ID: '1',
    },
  });

/** The exit code, and what came over the streams that are read to the end. */
const finish = async (child: ChildProcess) => {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Buffer) => {
      texts[name] += String(chunk);
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
};

/** What is left of a command whose reader went away before it wrote anything. */
const runUnread = (
  program: 'main' | 'log-main',
  args: readonly string[],
  closed: 'stdout' | 'stderr' = 'stdout',
) => {
  const child = start(program, args);
  child[closed]?.destroy();
  return finish(child);
};

describe('a reader that closes the pipe', { timeout: 60_000 }, () => {
  it.each([
    ['main', ['--help']],
    ['main', ['create-key', '--help']],
    ['main', ['--print-config']],
    ['log-main', ['--help']],
  ] as const)('ends %s %j quietly', async (program, args) => {
    expect(await runUnread(program, args)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['main', ['--config', join(folder, 'nowhere.json')]],
    ['main', ['--nonsense']],
    ['log-main', ['--nonsense']],
  ] as const)('does not change what %s %j ends with', async (program, args) => {
    expect(await runUnread(program, args, 'stderr')).toEqual({ code: 2, stdout: '', stderr: '' });
  });

  it('leaves no key behind whose token nobody has', async () => {
    const made = await runUnread('main', ['create-key', '--name', 'desk', '--scopes', 'read']);
    expect(made.code).toBe(1);
    expect(made.stderr).toMatch(/^testigo-api: .* revoked.*\n$/);
    const db = openSqliteState(join(folder, 'state.sqlite'));
    const keys = await createApiKeys(db, Date.now).list();
    await db.close();
    expect(keys).toMatchObject([{ name: 'desk', revokedAtMs: expect.any(Number) }]);
  });

  it('does not end a log that serves', async () => {
    const args = ['--data', join(folder, 'log'), '--origin', 'log.example.org/pipes', '--port', '0'];
    const child = start('log-main', args);
    const ended = finish(child);
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const { url } = JSON.parse(String(line)) as { url: { full: string } };
    child.stdout?.destroy();
    expect((await fetch(`${url.full}/checkpoint`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe.runIf(existsSync('/dev/full'))('output that cannot be written', { timeout: 60_000 }, () => {
  it.each([['--help'], ['--print-config']])('is an error of %s, in one sentence', async (option) => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await finish(start('main', [option], full));
    closeSync(full);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^testigo-api: cannot write to standard output: ENOSPC.*\n$/);
  });
});
