import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readBundle } from '../bundle/read-bundle.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { runHere, writeFaces } from './cli.test-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'testigo-distil-'));
const faces = writeFaces(folder, 'faces.csv', 28);
const train = (out: string, ...more: string[]) =>
  runHere(
    ...['train', '--data', faces, '--out', join(folder, out), '--backend', 'wasm', '--batch', '4'],
    ...['--limit', '10', '--epochs', '2', '--transcript-every', '1', '--save-every', '0', ...more],
  );
const compact = (...more: string[]): string[] => ['--network', 'compact', '--teacher', 'shipped', ...more];
const read = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');
const weightsOf = (bundle: string) =>
  readBundle(bundle).manifest.files.find(({ name }) => name === 'weights.bin')!.sha256;

it('distils bundles, binds what they are, and goes on after a break to the same weights', async () => {
  const whole = await train(
    'whole',
    ...compact('--teacher', shippedBundle(), '--teacher-share', '.75', '--keep-states'),
  );
  expect(whole).toMatchObject({ status: 0 });
  const teachers = [weightsOf(shippedBundle()), weightsOf(shippedBundle())];
  const { config } = JSON.parse(read('whole.run', 'config.json'));
  expect(config.training.distillation).toEqual({ teachers, share: 0.75 });
  expect(JSON.parse(read('whole', 'training.json')).training.distillation).toEqual({
    teachers,
    share: '0.75',
  });
  const { modelVersion } = readBundle(shippedBundle());
  expect(read('whole', 'card.md')).toMatch(
    new RegExp(`75 % of its targets .* models of version \`${modelVersion}\``),
  );
  const [weights, transcript] = [weightsOf(join(folder, 'whole')), read('whole.run', 'transcript.json')];

  // What a kill after the first state would leave; the teacher may have moved meanwhile.
  const states = join(folder, 'whole.run', 'states');
  for (const name of readdirSync(states).sort().slice(1)) rmSync(join(states, name));
  cpSync(shippedBundle(), join(folder, 'moved'), { recursive: true });
  const again = ['--network', 'compact', '--teacher', 'shipped', '--teacher', join(folder, 'moved')];
  const resume = ['--resume', join(folder, 'whole.run')];
  const other = await train('whole', ...again, '--teacher-share', '.5', ...resume);
  expect(other).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/distillation was .* now .*\[resume-mismatch\]/s),
  });
  const resumed = await train('whole', ...again, '--teacher-share', '.75', ...resume);
  expect(resumed.stderr).toMatch(/going on after [1-9]/);
  expect(weightsOf(join(folder, 'whole'))).toBe(weights);
  expect(read('whole.run', 'transcript.json')).toBe(transcript);
}, 120_000);

it('refuses what cannot teach, in one sentence, before it trains', async () => {
  const renamed = join(folder, 'renamed');
  cpSync(shippedBundle(), renamed, { recursive: true });
  const manifest = join(renamed, 'manifest.json');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace('"angry","disgust"', '"disgust","angry"'));
  const cases: [string, number, string, ...string[]][] = [
    ['bundle-not-found', 1, 'no such folder', '--teacher', join(folder, 'nowhere')],
    ['bundle-labels', 1, 'classes are disgust, angry,', '--network', 'compact', '--teacher', renamed],
    ['teacher-unfit', 1, 'it reads 44x44 pictures', '--network', 'mission', '--teacher', 'shipped'],
    ['option-invalid', 2, 'it is for --teacher', '--teacher-share', '.5'],
    ['option-invalid', 2, '80 is no share', ...compact('--teacher-share', '80')],
  ];
  for (const [code, status, words, ...args] of cases) {
    const { stderr, ...result } = await train('never', ...args);
    expect({ ...result, stderr }).toMatchObject({ status, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).toMatch(new RegExp(`^testigo-model: [^\n]*\n[^\n]*\\[${code}\\]\n$`));
  }
  expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([]);
});
