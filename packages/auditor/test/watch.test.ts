import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  computeRoot,
  formatCheckpoint,
  hashLeaf,
  keyPairOf,
  newLogSigner,
  sha256,
  signNote,
  toHex,
  utf8,
  verifierKey,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosign, findWitnesses, newWitnessSigner, witnessKey } from '../src/log/cosignature.ts';
import { writeLog } from './make-log.ts';
import { openLog } from './on-chain.ts';
import { runCli } from './run-cli.ts';
import { createWorld, ORIGIN, type World } from './world.ts';

const SIZE = 402;
const SECRET = sha256(utf8('witness'));
const KEY = witnessKey('witness.example', keyPairOf(SECRET).publicKey);
const OTHER_KEY = witnessKey('other.example', keyPairOf(sha256(utf8('other witness'))).publicKey);
let world: World;
let state: string;
let witness: string[];
beforeAll(async () => {
  world = await createWorld({ detections: SIZE - 2, anchorSizes: [100, 300] });
  state = join(world.dir, 'state.json');
  const keyFile = await world.write('witness.key', toHex(SECRET));
  witness = [
    '--witness-name',
    'witness.example',
    '--witness-key',
    keyFile,
    '--cosigned',
    join(world.dir, 'cosigned.txt'),
  ];
});
afterAll(() => world?.stop());

let logs = 0;
async function serve(records: readonly Uint8Array[]): Promise<string> {
  logs += 1;
  const dir = join(world.dir, `served-${logs}`);
  const signer = newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey });
  const body = formatCheckpoint({
    origin: ORIGIN,
    size: records.length,
    root: computeRoot(records.map(hashLeaf)),
  });
  writeLog(dir, records, signNote(body, signer));
  return dir;
}

async function look(dir: string, ...more: string[]) {
  const args = [
    'watch',
    '--once',
    '--log',
    dir,
    '--state',
    state,
    '--chain',
    world.chain.url,
    '--trust',
    world.trustFile,
    '--format',
    'json',
  ];
  const { exitCode, stdout, stderr } = await runCli([...args, ...more]);
  const report = JSON.parse(stdout) as { findings: { code: string; outcome: string }[] };
  return { exitCode, stderr, codes: report.findings.map(({ code }) => code) };
}
const remembered = async () =>
  (JSON.parse(await readFile(state, 'utf8')) as { logs: Record<string, { size: number }> }).logs[ORIGIN]
    ?.size;

describe('watch', () => {
  it('follows a log that grows, and cosigns it', async () => {
    const first = await look(await serve(world.records.slice(0, 350)), ...witness);
    expect(first).toEqual({
      exitCode: 0,
      stderr: '',
      codes: ['checkpoint-signed', 'watch-anchor-consistent', 'watch-live'],
    });
    const second = await look(await serve(world.records.slice(0, 380)), ...witness);
    expect(second).toMatchObject({
      exitCode: 0,
      codes: ['checkpoint-signed', 'watch-consistent', 'watch-anchor-consistent', 'watch-live'],
    });
    expect(await remembered()).toBe(380);
    expect(findWitnesses(await readFile(join(world.dir, 'cosigned.txt'), 'utf8'), [KEY])).toEqual([KEY]);
  });

  it('raises an alarm for a fork, and neither remembers nor cosigns it', async () => {
    const before = await readFile(join(world.dir, 'cosigned.txt'), 'utf8');
    const forked = world.records.slice(0, 390).map((bytes, i) => (i === 340 ? Buffer.from('{}') : bytes));
    expect(await look(await serve(forked), ...witness)).toMatchObject({
      exitCode: 1,
      codes: expect.arrayContaining(['watch-forked', 'watch-anchor-consistent']),
    });
    const rewritten = world.records.slice(0, 390).map((bytes, i) => (i === 5 ? Buffer.from('{}') : bytes));
    expect(await look(await serve(rewritten), ...witness)).toMatchObject({
      exitCode: 1,
      codes: expect.arrayContaining(['watch-forked', 'watch-anchor-forked']),
    });
    expect(await remembered()).toBe(380);
    expect(await readFile(join(world.dir, 'cosigned.txt'), 'utf8')).toBe(before);
  });

  it('tells a log that lags from one that lost anchored records', async () => {
    expect(await look(await serve(world.records.slice(0, 360)))).toMatchObject({
      exitCode: 3,
      codes: expect.arrayContaining(['watch-behind']),
    });
    expect(await look(await serve(world.records.slice(0, 200)))).toMatchObject({
      exitCode: 1,
      codes: expect.arrayContaining(['watch-rolled-back']),
    });
    expect(await remembered()).toBe(380);
  });

  it('is inconclusive for a log that does not answer or serves no tiles', async () => {
    expect(await look(join(world.dir, 'nothing'))).toMatchObject({
      exitCode: 3,
      codes: ['trail-unreachable'],
    });
    const bare = await serve(world.records);
    await rm(join(bare, 'tile'), { recursive: true });
    expect(await look(bare)).toMatchObject({
      exitCode: 3,
      codes: expect.arrayContaining(['watch-proof-missing']),
    });
  });

  it('is inconclusive for a log that it sees for the first time and no anchor vouches for', async () => {
    const fresh = join(world.dir, 'fresh-state.json');
    const dir = await serve(world.records.slice(0, 350));
    const args = ['watch', '--once', '--log', dir, '--state', fresh, '--trust', world.trustFile];
    const { exitCode, stdout } = await runCli([...args, '--format', 'json']);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('"watch-first-sight"');
  });

  it('is inconclusive on every look at a log that was opened and never anchored', async () => {
    const origin = 'log.example/fresh';
    const { publicKey, secretKey } = world.logKey;
    await openLog(world.registrar, origin, publicKey);
    const body = formatCheckpoint({ origin, size: 5, root: computeRoot(world.leaves.slice(0, 5)) });
    const dir = join(world.dir, 'opened');
    writeLog(dir, world.records.slice(0, 5), signNote(body, newLogSigner({ name: origin, secretKey })));
    const pins = { ...world.trust(), logs: [{ origin, verifierKey: verifierKey(origin, publicKey) }] };
    const trust = await world.write('opened-trust.json', JSON.stringify(pins));
    expect(await look(dir, '--trust', trust)).toMatchObject({ exitCode: 3 });
    expect(await look(dir, '--trust', trust)).toEqual({
      exitCode: 3,
      stderr: '',
      codes: ['checkpoint-signed', 'watch-consistent', 'watch-unanchored', 'watch-live'],
    });
  });

  it('refuses a state file that it cannot read, instead of starting afresh', async () => {
    const broken = await world.write('broken-state.json', '{"version":1');
    const result = await runCli(['watch', '--once', '--log', '.', '--state', broken]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('runs until it is interrupted, and then exits with 130', async () => {
    const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
    const dir = await serve(world.records);
    const args = [
      'watch',
      '--log',
      dir,
      '--state',
      state,
      '--chain',
      world.chain.url,
      '--trust',
      world.trustFile,
      '--interval',
      '3600',
    ];
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk) => resolve(String(chunk))),
    );
    expect(line).toMatch(/^\d{4}-.*Z VERIFIED 402 records\n$/);
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
  });

  it('a quorum of witnesses in the trust file is asked for', async () => {
    const dir = await serve(world.records.slice(0, 300));
    const audit = async (quorum: number) => {
      const trust = await world.write(
        `quorum-${quorum}.json`,
        JSON.stringify({ ...world.trust(), witnesses: [KEY], witnessQuorum: quorum }),
      );
      const { stdout } = await runCli(['trail', '--log', dir, '--trust', trust, '--format', 'json']);
      return (JSON.parse(stdout) as { findings: { code: string }[] }).findings.map(({ code }) => code);
    };
    expect(await audit(1)).toContain('checkpoint-witnesses-missing');
    await world.write(
      `served-${logs}/checkpoint`,
      await readFile(join(dir, 'checkpoint'), 'utf8').then(cosignAs),
    );
    expect(await audit(1)).toContain('checkpoint-witnessed');
    expect(await audit(0)).not.toContain('checkpoint-witnessed');
    const twice = await world.write(
      'listed-twice.json',
      JSON.stringify({ ...world.trust(), witnesses: [KEY, KEY, OTHER_KEY], witnessQuorum: 2 }),
    );
    const { stdout } = await runCli(['trail', '--log', dir, '--trust', twice, '--format', 'json']);
    expect(stdout).toContain('"checkpoint-witnesses-missing"');
    const renamed = witnessKey('alias.example', keyPairOf(SECRET).publicKey);
    const alias = await world.write(
      'alias.json',
      JSON.stringify({ ...world.trust(), witnesses: [KEY, renamed], witnessQuorum: 2 }),
    );
    expect(await runCli(['trail', '--log', dir, '--trust', alias])).toMatchObject({ exitCode: 2 });
    const impossible = await world.write(
      'impossible.json',
      JSON.stringify({ ...world.trust(), witnesses: [KEY], witnessQuorum: 2 }),
    );
    expect(await runCli(['trail', '--log', dir, '--trust', impossible])).toMatchObject({ exitCode: 2 });
  });

  // Last: a frozen log stays frozen.
  it('raises an alarm for silence and for a freeze', async () => {
    const dir = await serve(world.records);
    await world.provider.send('evm_increaseTime', [4000]);
    await world.provider.send('evm_mine', []);
    expect(await look(dir)).toMatchObject({ exitCode: 1, codes: expect.arrayContaining(['watch-stale']) });
    await (await world.registry.freezeLog(`0x${toHex(sha256(utf8(ORIGIN)))}`, 'key stolen')).wait();
    expect(await look(dir)).toMatchObject({ exitCode: 1, codes: expect.arrayContaining(['watch-frozen']) });
  });
});

function cosignAs(checkpoint: string): string {
  return cosign(checkpoint, newWitnessSigner('witness.example', SECRET, 1_790_000_000));
}
