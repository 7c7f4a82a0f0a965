import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { utf8 } from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../run-cli.ts';
import { createWorld, type World } from '../world.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.stop());

describe('a reader that goes away', () => {
  it.each(['explain', 'completion bash'])('%s never ends in 1, which says "failed"', async (command) => {
    const child = spawn(process.execPath, [MAIN, ...command.split(' ')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect([exitCode, stderr]).toEqual([
      2,
      'testigo-audit: cannot write to standard output: nobody reads it any more\n',
    ]);
  });
});

describe('what was given and not used', () => {
  it('is said, where no record leads to it', async () => {
    const close = await world.writeBundle(world.bundle(7, 8, 8), 'close.json');
    const pins = ['--chain', world.chain.url, '--trust', world.trustFile, '--format', 'json'];
    const given = ['--model', world.modelDir, '--samples', world.samplesFile];
    const { exitCode, stdout } = await runCli(['verify', close, ...given, ...pins]);
    expect(exitCode).toBe(0);
    expect((JSON.parse(stdout) as { notChecked: string[] }).notChecked).toEqual([
      'the model given with --model: no record here names one',
      'the samples given with --samples: no record here leads to a dataset',
      expect.stringContaining('discloses no field'),
    ]);
  });

  it('is wrong usage for a record that the target does not need', async () => {
    const args = ['verify', '0..3', '--log', world.dir, '--record', '0'.repeat(32)];
    expect(await runCli(args)).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('is wrong usage for a pause that no timer can make', async () => {
    const args = ['watch', '--log', world.dir, '--state', 'x', '--interval', '2147484'];
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('more than 2147483 seconds');
  });
});

describe('a bundle that is wrong in a hundred thousand places', () => {
  it.each<[string, () => string]>([
    [
      'keys',
      () => `{${Array.from({ length: 100_000 }, (_, i) => `"k${String(i).padStart(6, '0')}":1`).join(',')}}`,
    ],
    ['disclosures', () => `{"disclosures":[${'1,'.repeat(100_000)}1]}`],
    ['base64', () => `{"record":"${'A'.repeat(20_000_000)}"}`],
  ])('%s: it says so in a sentence', async (name, content) => {
    const path = await world.write(`wrong-${name}.json`, utf8(content()));
    const { exitCode, stdout, stderr } = await runCli(['verify', path, '--format', 'json']);
    expect([exitCode, stderr]).toEqual([1, '']);
    const { findings } = JSON.parse(stdout) as { findings: { code: string; seen: string }[] };
    expect(findings.map(({ code }) => code)).toEqual(['bundle-malformed']);
    expect(findings[0]!.seen.length).toBeLessThan(2500);
    expect(findings[0]!.seen).not.toContain('call stack');
  });
});
