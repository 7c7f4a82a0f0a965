import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readState, remember } from './state-file.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'testigo-state-'));
  path = join(dir, 'state.json');
});
afterEach(() => rm(dir, { recursive: true }));

const at = (size: number) => ({ size, root: String(size).padStart(64, '0') });

it('remembers each log by itself, whoever else writes to the file', async () => {
  await remember(path, 'a', undefined, at(1));
  await remember(path, 'b', undefined, at(2));
  await remember(path, 'a', at(1), at(3));
  expect(await readState(path)).toEqual({ a: at(3), b: at(2) });
});

it('refuses to go on from what is no longer remembered', async () => {
  await remember(path, 'a', undefined, at(5));
  const refusal = expect.objectContaining({ code: 'output-unwritable' });
  await expect(remember(path, 'a', undefined, at(6))).rejects.toEqual(refusal);
  await expect(remember(path, 'a', at(4), at(6))).rejects.toEqual(refusal);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, logs: { a: at(5) } });
});
