import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  computeRoot,
  encodeEntryBundle,
  formatCheckpoint,
  newLogSigner,
  signNote,
  toHex,
  utf8,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_CLAIMS } from '../src/verify/record-account.ts';
import { writeLog } from './make-log.ts';
import { runCli } from './run-cli.ts';
import { createWorld, hex, id, nameManyModels, ORIGIN, SESSION, type World } from './world.ts';

/** More than one tile, so that proofs cross its edge. */
const DETECTIONS = 300;
const SIZE = DETECTIONS + 2;
let world: World;
let log: string;
let server: Server;
let url: string;

beforeAll(async () => {
  world = await createWorld({ detections: DETECTIONS, anchorSizes: [40, SIZE] });
  log = await makeLog('log', world.records);
  await writeFile(join(world.modelDir, 'dataset.dsse.json'), world.envelope);
  server = createServer((request, response) => {
    readFile(join(log, request.url ?? '')).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server?.close();
  await world?.stop();
});

/** A log folder over these records with a checkpoint that its true key signed. */
async function makeLog(name: string, records: readonly Uint8Array[], leaves = world.leaves): Promise<string> {
  const dir = join(world.dir, name);
  const body = formatCheckpoint({ origin: ORIGIN, size: records.length, root: computeRoot(leaves) });
  const signer = newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey });
  writeLog(dir, records, signNote(body, signer));
  return dir;
}

async function verify(target: string, ...more: string[]) {
  const pins = ['--chain', world.chain.url, '--trust', world.trustFile, '--format', 'json'];
  const where = more.includes('--log') ? [] : ['--log', log];
  const { exitCode, stdout, stderr } = await runCli(['verify', target, ...where, ...pins, ...more]);
  const report = JSON.parse(stdout) as {
    findings: { code: string; outcome: string }[];
    counts?: Record<string, number>;
  };
  const codes = report.findings.map(({ code }) => code);
  const against = report.findings.filter(({ outcome }) => outcome !== 'verified').map(({ code }) => code);
  return { exitCode, stderr, codes, against, counts: report.counts };
}

const ONE = ['record-well-formed', 'inclusion-proven', 'checkpoint-signed', 'anchor-final'];
const MODEL = ['model-registered', 'model-weights-match', 'dataset-approved'];

describe('verify, from the log', () => {
  it.each([
    ['a record by its hash', () => toHex(world.leaves[257]!), [...ONE, ...MODEL]],
    ['a record by its id', () => id(17), [...ONE, ...MODEL]],
    ['a session', () => SESSION, [...ONE, ...MODEL, 'session-complete']],
    ['a range across tiles', () => '100..280', [...ONE, ...MODEL]],
    ['a range of one', () => '301..301', ONE],
  ])('verifies %s, in a folder and over HTTP', async (_, target, codes) => {
    const model = ['--model', world.modelDir];
    expect(await verify(target(), ...model)).toMatchObject({ exitCode: 0, stderr: '', codes });
    expect(await verify(target(), ...model, '--log', url)).toMatchObject({ exitCode: 0, stderr: '', codes });
  });

  it('compares the samples as well, and says how many records there were', async () => {
    const result = await verify(SESSION, '--model', world.modelDir, '--samples', world.samplesFile);
    expect(result).toMatchObject({ exitCode: 0, codes: expect.arrayContaining(['samples-match']) });
    expect(result.counts).toEqual({
      'records read': SIZE,
      'records DETECTION': DETECTIONS,
      'records SESSION_CLOSE': 1,
      'records SESSION_OPEN': 1,
    });
  });

  it.each<[string, string, string[], number, string]>([
    ['a hash that no record has', hex('nothing'), [], 3, 'record-not-found'],
    ['an id that nothing has', id(999_999), [], 3, 'record-not-found'],
    ['a range past the end', '0..302', [], 3, 'record-not-found'],
    ['no model bundle', '0..5', ['--no-model'], 3, 'model-manifest-missing'],
    ['a log that is not there', '0..5', ['--log', '/nowhere'], 3, 'trail-unreachable'],
    ['a chain that does not answer', '0..5', ['--chain', 'http://127.0.0.1:9'], 3, 'chain-unreachable'],
  ])('is inconclusive for %s', async (_, target, more, exitCode, code) => {
    const model = more.includes('--no-model') ? [] : ['--model', world.modelDir];
    const result = await verify(target, ...model, ...more.filter((option) => option !== '--no-model'));
    expect(result).toMatchObject({ exitCode, stderr: '', against: expect.arrayContaining([code]) });
  });

  it.each<[string, string, (dir: string) => Promise<unknown>, number, string]>([
    [
      'a record that was changed',
      '10..20',
      (dir) => rewrite(dir, (records) => alter(records, 15)),
      1,
      'inclusion-proof-invalid',
    ],
    [
      'a record that was changed, by its hash',
      '',
      (dir) => rewrite(dir, (records) => alter(records, 15)),
      1,
      'record-hash-mismatch',
    ],
    [
      'two records that changed places',
      '10..20',
      (dir) => rewrite(dir, (r) => [...r.slice(0, 12), r[13]!, r[12]!, ...r.slice(14)]),
      1,
      'inclusion-proof-invalid',
    ],
    [
      'bytes that are no record',
      '10..20',
      (dir) => rewrite(dir, (records) => records.with(15, utf8('{ }'))),
      1,
      'record-malformed',
    ],
    [
      'a tile that lies about the neighbours',
      '10..20',
      (dir) => flipByte(join(dir, 'tile/0/000')),
      1,
      'inclusion-proof-invalid',
    ],
    ['a tile that is not served', '10..20', (dir) => rm(join(dir, 'tile/0/000')), 3, 'inclusion-unproven'],
    [
      'entries that are not served',
      '10..20',
      (dir) => rm(join(dir, 'tile/entries/000')),
      3,
      'trail-unreachable',
    ],
    [
      'a checkpoint that is none',
      '10..20',
      (dir) => writeFile(join(dir, 'checkpoint'), 'nothing'),
      1,
      'checkpoint-malformed',
    ],
  ])('finds %s', async (name, target, change, exitCode, code) => {
    const dir = join(world.dir, name.replaceAll(/\W/g, '-'));
    await cp(log, dir, { recursive: true });
    await change(dir);
    const asked = target === '' ? toHex(world.leaves[15]!) : target;
    const result = await verify(asked, '--model', world.modelDir, '--log', dir);
    expect(result).toMatchObject({ exitCode, stderr: '', against: expect.arrayContaining([code]) });
  });

  it('finds a record that is missing from a session, and calls an open session inconclusive', async () => {
    const { records, leaves } = world;
    const gap = await makeLog('gap', records.toSpliced(50, 1), leaves.toSpliced(50, 1));
    const found = await verify(SESSION, '--model', world.modelDir, '--log', gap);
    expect(found).toMatchObject({ exitCode: 1, against: expect.arrayContaining(['trail-sequence-gap']) });
    const open = await makeLog('open', records.slice(0, 30), leaves.slice(0, 30));
    expect(await verify(SESSION, '--model', world.modelDir, '--log', open)).toMatchObject({
      exitCode: 3,
      against: expect.arrayContaining(['session-open']),
    });
  });

  it('looks up so many models and no more, where a log names another one in every record', async () => {
    const { records, leaves } = nameManyModels(world);
    const dir = await makeLog('many-models', records, leaves);
    const result = await verify('1..200', '--log', dir);
    const of = (code: string) => result.against.filter((found) => found === code).length;
    expect([of('model-claims-too-many'), of('model-unregistered')]).toEqual([1, MAX_CLAIMS]);
  });

  it('asks for a log, and refuses a range that ends before it begins', async () => {
    expect(await runCli(['verify', '0..5'])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr:
        'testigo-audit: a record, a session or a range is read from its log: pass --log URL. See testigo-audit COMMAND --help. [usage]\n',
    });
    expect(await runCli(['verify', '5..4', '--log', log])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('exports the bundle of a record by its hash, and that bundle verifies', async () => {
    const path = join(world.dir, 'exported.json');
    const pins = ['--chain', world.chain.url, '--trust', world.trustFile];
    const by = ['--log', log, '--record', toHex(world.leaves[257]!), '--model', world.modelDir];
    expect(await runCli(['export', ...by, ...pins, '--output', path])).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    expect(await runCli(['verify', path, ...pins])).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

/** Rewrites the first entry bundle and leaves tiles and checkpoint as they are. */
async function rewrite(dir: string, change: (records: Uint8Array[]) => Uint8Array[]): Promise<void> {
  const bundle = encodeEntryBundle(change(world.records.slice(0, 256)));
  await writeFile(join(dir, 'tile/entries/000'), bundle);
}

const alter = (records: Uint8Array[], index: number): Uint8Array[] =>
  records.with(index, utf8(new TextDecoder().decode(records[index]).replace('notice-1', 'notice-2')));

async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[200 * 32]! ^= 1;
  await writeFile(path, bytes);
}
