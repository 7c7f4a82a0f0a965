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
  /** Exit code and stderr of a program whose output nobody reads. */
  async function runUnread(args: readonly string[]): Promise<[exitCode: number | null, stderr: string]> {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return [exitCode, stderr];
  }
  const UNWRITTEN =
    'testigo-audit: cannot write to standard output: nobody reads it any more. Check that the folder exists, may be written to and has room. [output-unwritable]\n';

  it.each(['explain', 'completion bash'])('%s never ends in 1, which says "failed"', async (command) => {
    expect(await runUnread(command.split(' '))).toEqual([2, UNWRITTEN]);
  });

  it('an audit never ends in 0 where nobody could read what it verified', async () => {
    const bundle = await world.writeBundle(world.bundle(2, 8, 8), 'unread.json');
    const args = ['verify', bundle, '--chain', world.chain.url, '--trust', world.trustFile];
    expect((await runCli(args)).exitCode).toBe(0);
    expect(await runUnread(args)).toEqual([2, UNWRITTEN]);
    expect(await runUnread(['trail', '--log', world.dir])).toEqual([2, UNWRITTEN]);
  });

  it('help is no audit: it ends without a word', async () => {
    expect(await runUnread(['--help'])).toEqual([0, '']);
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
      'the model given with --model: nothing here was read by one',
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

describe('every command, with files and arguments that are wrong', () => {
  const files: Record<string, string> = {};
  beforeAll(async () => {
    files.EMPTY = await world.write('empty', '');
    files.NOISE = await world.write('noise', '"\u0001,"\n\u0002"x"y,,\n');
    files.OBJECT = await world.write('object', '{}');
    files.DIR = world.dir;
    files.TRUST = world.trustFile;
    files.CHAIN = world.chain.url;
    files.NOWHERE = `${world.dir}/nowhere/at/all`;
    files.DEAD = 'http://127.0.0.1:9';
    files.BUNDLE = await world.writeBundle(world.bundle(2, 8, 8), 'some.json');
  });

  it.each<[string, number, string]>([
    ['verify NOWHERE', 2, 'file-unreadable'],
    ['verify DIR', 2, 'file-unreadable'],
    ['verify BUNDLE --trust NOWHERE', 2, 'file-unreadable'],
    ['verify BUNDLE --trust EMPTY', 2, 'trust-file-invalid'],
    ['verify BUNDLE --trust OBJECT', 2, 'trust-file-invalid'],
    ['verify BUNDLE --chain nonsense', 2, 'usage'],
    ['verify BUNDLE --chain CHAIN --chain CHAIN', 2, 'usage'],
    ['verify BUNDLE --model NOWHERE', 2, 'file-unreadable'],
    ['verify BUNDLE --model EMPTY', 2, 'file-unreadable'],
    ['verify BUNDLE --samples NOWHERE', 2, 'file-unreadable'],
    ['verify BUNDLE --samples NOISE', 2, 'file-unreadable'],
    ['verify BUNDLE --output NOWHERE', 2, 'output-unwritable'],
    ['verify BUNDLE --output DIR', 2, 'output-unwritable'],
    ['verify 0..3', 2, 'usage'],
    ['trail', 2, 'usage'],
    ['trail --log NOWHERE --checkpoint NOWHERE', 2, 'file-unreadable'],
    ['model NOWHERE', 2, 'file-unreadable'],
    ['model', 2, 'usage'],
    ['dataset', 2, 'usage'],
    ['dataset --manifest NOWHERE', 2, 'file-unreadable'],
    ['dataset --samples EMPTY', 2, 'samples-invalid'],
    ['dataset --samples NOISE', 2, 'samples-invalid'],
    ['dataset --samples NOWHERE', 2, 'file-unreadable'],
    ['dataset --root abc', 2, 'usage'],
    ['watch --log NOWHERE --state NOISE --once', 2, 'file-unreadable'],
    ['watch --log NOWHERE --state x --once --witness-name w', 2, 'usage'],
    ['replay', 2, 'usage'],
    ['replay --model NOWHERE', 2, 'file-unreadable'],
    ['export --log NOWHERE', 2, 'usage'],
    ['export --log NOWHERE --index 1', 2, 'export-impossible'],
    ['export --log DEAD --index 1', 2, 'export-impossible'],
    ['query', 2, 'usage'],
    ['query --since yesterday', 2, 'usage'],
    ['publish EMPTY --samples EMPTY --manifest EMPTY', 2, 'usage'],
    ['publish EMPTY --samples EMPTY --manifest EMPTY --chain CHAIN --trust TRUST', 2, 'key-unreadable'],
    ['key NOISE', 2, 'key-unreadable'],
    ['key NOWHERE', 2, 'output-unwritable'],
    ['reserve --samples NOWHERE --rows EMPTY --sign-with EMPTY', 2, 'key-unreadable'],
    ['bias', 2, 'usage'],
    ['bias --predictions NOWHERE', 2, 'file-unreadable'],
    ['bias --predictions EMPTY', 2, 'samples-invalid'],
    ['bias --predictions DIR', 2, 'file-unreadable'],
    ['poison-bench --samples EMPTY', 2, 'samples-invalid'],
    ['explain nothing', 2, 'finding-unknown'],
    ['completion tcsh', 2, 'usage'],
    ['verifi', 2, 'usage'],
  ])('%s ends in one sentence with its code', async (command, exitCode, code) => {
    const args = command.split(' ').map((word) => files[word] ?? word);
    const result = await runCli(args, { TESTIGO_AUDITOR_KEY: '' });
    expect([result.exitCode, result.stdout]).toEqual([exitCode, '']);
    const [line = '', ...rest] = result.stderr.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(line).toMatch(/^testigo-audit: \S.{10,400}[.?)] \S.*\. \[[a-z-]+\]$/);
    expect(line).toContain(`[${code}]`);
  });
});
