import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createApiKeys } from '../src/auth/api-keys.ts';
import { openSqliteState } from '../src/state/sqlite-database.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'testigo-key-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const createKey = (...options: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> => {
  const env = {
    TESTIGO_DATA_DIR: folder,
    TESTIGO_REGISTRY__RPC_URL: 'http://127.0.0.1:1',
    TESTIGO_REGISTRY__ADDRESS: `0x${'1'.repeat(40)}`,
    TESTIGO_REGISTRY__CHAIN_ID: '1',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'create-key', ...options], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
};

const listKeys = async () => {
  const db = openSqliteState(join(folder, 'state.sqlite'));
  const keys = await createApiKeys(db, Date.now).list();
  await db.close();
  return keys;
};

describe('testigo-api create-key', { timeout: 60_000 }, () => {
  it('prints the token of the key it makes', async () => {
    const made = await createKey('--name', 'desk', '--scopes', 'read,detect', '--deployer', 'bank-a');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/^testigo_[0-9a-f]{16}_[\w-]{43}\n$/);
    expect(await listKeys()).toMatchObject([
      { name: 'desk', scopes: ['detect', 'read'], deployer: 'bank-a' },
    ]);
  });

  it('makes none that POST /v1/keys would refuse, and says what is wrong', async () => {
    const before = await listKeys();
    for (const [option, ...options] of [
      ['--name', '--name', 'The Desk', '--scopes', 'read'],
      ['--deployer', '--name', 'desk', '--scopes', 'read', '--deployer', 'Example Bank'],
      ['--deployer', '--name', 'desk', '--scopes', 'read', '--deployer', ''],
      ['--scopes', '--name', 'desk', '--scopes', 'root'],
    ] as const) {
      const { code, stdout, stderr } = await createKey(...options);
      expect([options, code, stdout]).toEqual([options, 2, '']);
      expect(stderr).toContain(`- ${option}: `);
    }
    expect(await listKeys()).toEqual(before);
  });
});
