import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReserve } from '../src/poisoning/clean-reserve.ts';
import { imageOf } from '../src/poisoning/sample-set.ts';
import { runCli } from './run-cli.ts';
import { drawSyntheticFaces } from './synthetic-faces.ts';

const set = drawSyntheticFaces(6, 'reserve');
let dir = '';
let key = '';
let samples = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'testigo-reserve-'));
  [key, samples] = [join(dir, 'custodian.key'), join(dir, 'faces.csv')];
  const lines = Array.from(set.labels, (label, row) => `${label},${imageOf(set, row).join(' ')},Training`);
  await writeFile(samples, `emotion,pixels,Usage\n${lines.join('\n')}\n`);
});
afterAll(() => rm(dir, { recursive: true }));

describe('key', () => {
  it('makes a key for its owner alone, and tells the public half of it ever after', async () => {
    const made = await runCli(['key', key]);
    expect(made).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/),
    });
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect(made.stdout).not.toBe(await readFile(key, 'utf8'));
    expect(await runCli(['key', key])).toEqual(made);
  });

  it('refuses what holds no key', async () => {
    expect(await runCli(['key', samples])).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await runCli(['key', join(dir, 'nowhere', 'key')])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('reserve', () => {
  const sign = async (rows: string) => {
    const file = await writeFile(join(dir, 'rows.txt'), rows).then(() => join(dir, 'rows.txt'));
    return runCli(['reserve', '--samples', samples, '--rows', file, '--sign-with', key]);
  };

  it('signs the named rows, which open with the public half of the key', async () => {
    const publicKey = fromHex((await runCli(['key', key])).stdout.trim());
    const { exitCode, stdout, stderr } = await sign('0000000004\n1\n\n1\n');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const reserve = openReserve(stdout, [publicKey], set);
    expect([0, 1, 2, 3, 4, 5].filter(reserve.isMember)).toEqual([1, 4]);
  });

  it.each(['6', 'x', '-1', '1.5', ''])('refuses the row "%s"', async (row) => {
    expect(await sign(`0\n${row}\n`.slice(row === '' ? 2 : 0))).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
