import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { RunLock } from '../runs/run-lock.ts';
import { decodeTranscript } from '../training/transcript.ts';
import { MAIN, runMain, writeFaces } from './cli.test-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'testigo-resume-'));

const faces = writeFaces(folder, 'faces.csv', 53);
const argsOf = (name: string, ...more: string[]): string[] => [
  ...['train', '--data', faces, '--out', join(folder, name), '--backend', 'wasm', '--batch', '8'],
  ...['--epochs', '3', '--transcript-every', '3', '--save-every', '0', ...more],
];
const run = (...args: string[]) => runMain(folder, ...args);

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const resultOf = (name: string) => ({
  weights: digest(join(folder, name, 'weights.bin')),
  transcript: readFileSync(join(folder, `${name}.run`, 'transcript.json'), 'utf8'),
  epochs: readFileSync(join(folder, `${name}.run`, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (key === 'time' ? undefined : value))),
});

/** Starts a run and kills it, outright, at the first moment at which `isDue`. */
const killWhen = async (args: string[], isDue: (files: string[], child: ChildProcess) => boolean) => {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: 'ignore' });
  const states = join(folder, 'broken.run', 'states');
  const ended = new Promise<string | null>((resolve) => child.on('exit', (_, signal) => resolve(signal)));
  const poll = setInterval(() => {
    if (isDue(existsSync(states) ? readdirSync(states) : [], child)) child.kill('SIGKILL');
  }, 1);
  const signal = await ended;
  clearInterval(poll);
  return signal;
};

describe('a training run that is killed', () => {
  beforeAll(() => {
    expect(run(...argsOf('whole', '--keep-states')).status).toBe(0);
  }, 120_000);

  it('goes on and ends as the unbroken one, killed before, during and after a save', async () => {
    const resumed = argsOf('broken', '--resume', join(folder, 'broken.run'));
    const config = join(folder, 'broken.run', 'config.json');
    expect(await killWhen(argsOf('broken'), () => existsSync(config))).toBe('SIGKILL');
    expect(await killWhen(resumed, (files) => files.some((name) => name.endsWith('.part')))).toBe('SIGKILL');
    expect(await killWhen(resumed, (files) => files.some((name) => name.endsWith('.state')))).toBe('SIGKILL');
    const before = readdirSync(join(folder, 'broken.run', 'states'));
    const isNew = (name: string): boolean => name.endsWith('.state') && !before.includes(name);
    expect(await killWhen(resumed, (files) => files.some(isNew))).toBe('SIGKILL');
    expect(existsSync(join(folder, 'broken'))).toBe(false);
    const last = run(...resumed);
    expect(last.stderr).toMatch(/going on after [1-9]\d* steps/);
    expect(last.status).toBe(0);
    expect(resultOf('broken')).toEqual(resultOf('whole'));
  }, 180_000);

  it('is refused with other settings, and where no run was begun', () => {
    const other = run(...argsOf('broken', '--resume', join(folder, 'whole.run'), '--seed', 'other'));
    expect(other.status).toBe(1);
    expect(other.stderr).toContain('[resume-mismatch]');
    const none = run(...argsOf('broken', '--resume', join(folder, 'nowhere')));
    expect(none.stderr).toContain('[run-unreadable]');
  });

  it('is refused while another process trains in its folder, and leaves that one alone', () => {
    const path = join(folder, 'whole.run');
    const lock = RunLock.take(path);
    const times = () => readdirSync(path).map((name) => [name, statSync(join(path, name)).mtimeMs]);
    const before = times();
    for (const more of [[], ['--resume', path]]) {
      const second = run(...argsOf('whole', ...more));
      expect(second.status).toBe(1);
      expect(second.stderr).toMatch(
        /whole\.run: process \d+ has been training there since .*\[run-locked\]/s,
      );
    }
    expect(times()).toEqual(before);
    lock.release();
  });

  it('re-runs any segment of its transcript to the same entry', () => {
    const { entries } = decodeTranscript(readFileSync(join(folder, 'whole.run', 'transcript.json')));
    for (const segment of [1, entries.length - 1]) {
      const out = join(folder, `segment-${segment}.json`);
      const args = ['transcript', '--run', 'whole.run', '--data', faces, '--out', out];
      expect(run(...args, '--segment', String(segment)).status).toBe(0);
      const file = JSON.parse(readFileSync(out, 'utf8'));
      const { step, head, weights, optimizer } = entries[segment - 1]!;
      expect(file).toMatchObject({
        ...{ segment, transcript: entries.at(-1)!.head, backend: 'wasm' },
        from: { step, head, weights, optimizer },
        to: entries[segment],
      });
      expect(file.began).toBe(step);
      const isLast = segment === entries.length - 1;
      expect(file.weightsFile).toBe(isLast ? digest(join(folder, 'whole', 'weights.bin')) : undefined);
    }
    const beyond = run('transcript', '--run', 'whole.run', '--data', faces, '--out', 'x', '--segment', '99');
    expect(beyond.stderr).toContain('[segment-missing]');
  });
});
