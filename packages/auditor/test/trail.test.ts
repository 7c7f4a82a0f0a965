import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  computeRoot,
  decodeEntryBundle,
  encodeEntryBundle,
  formatCheckpoint,
  hashLeaf,
  newLogSigner,
  signNote,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_MODELS } from '../src/trail/model-tally.ts';
import { writeLog } from './make-log.ts';
import { runCli } from './run-cli.ts';
import { createWorld, hex, nameManyModels, ORIGIN, SESSION, type World } from './world.ts';

// More than one chunk of 4,096 records, so that the threads have something to put in order.
const DETECTIONS = 4400;
const SIZE = DETECTIONS + 2;
let world: World;
let log: string;

const sign = (leaves: readonly Uint8Array[], size = leaves.length) =>
  signNote(
    formatCheckpoint({ origin: ORIGIN, size, root: computeRoot(leaves.slice(0, size)) }),
    newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey }),
  );

beforeAll(async () => {
  world = await createWorld({ detections: DETECTIONS, anchorSizes: [3, 300, 4096, SIZE] });
  log = join(world.dir, 'log');
  writeLog(log, world.records, sign(world.leaves));
});
afterAll(() => world?.stop());

async function trail(location: string, ...more: string[]) {
  const args = [
    'trail',
    '--log',
    location,
    '--chain',
    world.chain.url,
    '--trust',
    world.trustFile,
    '--format',
    'json',
  ];
  const { exitCode, stdout, stderr } = await runCli([...args, ...more]);
  const report = JSON.parse(stdout) as {
    outcome: string;
    findings: { code: string; outcome: string }[];
    counts: Record<string, number>;
  };
  const against = report.findings.filter(({ outcome }) => outcome !== 'verified').map(({ code }) => code);
  return {
    exitCode,
    stderr,
    outcome: report.outcome,
    against,
    counts: report.counts,
    codes: report.findings.map(({ code }) => code),
  };
}

let copies = 0;
async function changedLog(change: (dir: string) => Promise<void>): Promise<string> {
  copies += 1;
  const dir = join(world.dir, `log-${copies}`);
  await cp(log, dir, { recursive: true });
  await change(dir);
  return dir;
}
const editFile = async (path: string, edit: (bytes: Buffer) => Uint8Array) =>
  writeFile(path, edit(await readFile(path)));

describe('trail', () => {
  it('verifies a whole log in a folder, with threads', async () => {
    const result = await trail(log, '--workers', '2');
    expect(result).toMatchObject({ exitCode: 0, stderr: '', outcome: 'verified', against: [] });
    expect(result.codes).toEqual([
      'checkpoint-signed',
      'trail-tree-matches',
      'trail-records-consistent',
      'trail-anchors-match',
      'trail-models-registered',
    ]);
    expect(result.counts).toMatchObject({
      'records read': SIZE,
      anchors: 4,
      'records DETECTION': DETECTIONS,
      'sessions still open': 0,
    });
  });

  it('verifies the same log over HTTP, on one thread', async () => {
    const server = createServer((request, response) => {
      readFile(join(log, request.url ?? '')).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await trail(url, '--workers', '1')).toMatchObject({ exitCode: 0, stderr: '' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('holds the log to a checkpoint from before, and finds the one of a fork', async () => {
    const before = await world.write('before.txt', sign(world.leaves, 777));
    expect(await trail(log, '--checkpoint', before)).toMatchObject({ exitCode: 0 });
    const fork = await world.write(
      'fork.txt',
      sign(
        world.leaves.map((leaf, i) => (i === 5 ? hashLeaf(leaf) : leaf)),
        777,
      ),
    );
    expect(await trail(log, '--checkpoint', fork)).toMatchObject({
      exitCode: 1,
      against: ['trail-checkpoint-forked'],
    });
  });

  it.each<[string, string[], (dir: string) => Promise<void>]>([
    [
      'one byte of a record',
      ['trail-tile-mismatch', 'trail-root-mismatch', 'trail-anchor-mismatch'],
      (dir) => editFile(join(dir, 'tile/entries/003'), flip(900)),
    ],
    [
      'two records swapped',
      ['trail-tile-mismatch', 'trail-sequence-gap'],
      (dir) => editFile(join(dir, 'tile/entries/004'), swapFirstTwo),
    ],
    [
      'a record that is not canonical',
      ['trail-tile-mismatch', 'trail-record-malformed'],
      (dir) => editFile(join(dir, 'tile/entries/003'), addSpace),
    ],
    [
      'a bundle cut short',
      ['trail-entries-malformed'],
      (dir) => editFile(join(dir, 'tile/entries/005'), (bytes) => bytes.subarray(0, -1)),
    ],
    [
      'a record dropped',
      ['trail-entries-malformed'],
      (dir) =>
        editFile(join(dir, 'tile/entries/006'), (bytes) =>
          encodeEntryBundle(decodeEntryBundle(bytes).slice(1)),
        ),
    ],
    ['a hash tile', ['trail-tile-mismatch'], (dir) => editFile(join(dir, 'tile/0/007'), flip(40))],
    [
      'a hash tile of the second level',
      ['trail-tile-mismatch'],
      (dir) => editFile(join(dir, 'tile/1/000.p/17'), flip(40)),
    ],
    [
      'the checkpoint of an earlier size',
      ['trail-shorter-than-anchor'],
      (dir) => writeFile(join(dir, 'checkpoint'), sign(world.leaves, 4352)),
    ],
    [
      'the signature of the checkpoint',
      ['checkpoint-signature-invalid'],
      (dir) =>
        editFile(join(dir, 'checkpoint'), (bytes) =>
          Buffer.from(bytes.toString().replace(/\n4402\n(.)/, (_, c) => `\n4402\n${c === 'A' ? 'B' : 'A'}`)),
        ),
    ],
    ['the whole log rewritten and signed anew', ['trail-anchor-mismatch'], rewriteHistory],
  ])('finds %s', async (_, codes, change) => {
    const result = await trail(await changedLog(change));
    expect(result).toMatchObject({ exitCode: 1, outcome: 'failed', stderr: '' });
    expect(result.against).toEqual(expect.arrayContaining(codes));
  });

  it.each<[string, string, (dir: string) => Promise<void>]>([
    ['an entry bundle missing', 'trail-entries-missing', (dir) => rm(join(dir, 'tile/entries/008'))],
    ['a hash tile missing', 'trail-tile-missing', (dir) => rm(join(dir, 'tile/0/008'))],
    ['no checkpoint', 'trail-unreachable', (dir) => rm(join(dir, 'checkpoint'))],
  ])('is inconclusive with %s', async (_, code, change) => {
    const result = await trail(await changedLog(change));
    expect(result).toMatchObject({ exitCode: 3, outcome: 'inconclusive', stderr: '' });
    expect(result.against).toContain(code);
  });

  it('is inconclusive for a log that nobody serves, and without chain or trust', async () => {
    expect(await trail('http://127.0.0.1:9')).toMatchObject({ exitCode: 3, against: ['trail-unreachable'] });
    const { stdout, exitCode } = await runCli(['trail', '--log', log, '--format', 'json']);
    const codes = (JSON.parse(stdout) as { findings: { code: string; outcome: string }[] }).findings;
    expect(exitCode).toBe(3);
    expect(codes.filter((f) => f.outcome !== 'verified').map((f) => f.code)).toEqual([
      'trust-missing',
      'chain-not-given',
      'trail-anchors-unchecked',
    ]);
  });

  it('is inconclusive for a log without a record', async () => {
    const dir = join(world.dir, 'log-empty');
    writeLog(dir, [], sign([]));
    // where the chain knows of records, it has lost them
    expect(await trail(dir)).toMatchObject({
      exitCode: 1,
      against: ['trail-empty', 'trail-shorter-than-anchor'],
    });
    const { stdout, exitCode } = await runCli([
      'trail',
      '--log',
      dir,
      '--trust',
      world.trustFile,
      '--format',
      'json',
    ]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('"trail-empty"');
  });

  it('is inconclusive for a log that is behind a checkpoint it signed earlier', async () => {
    const later = await world.write('later-checkpoint', sign([...world.leaves, hashLeaf(Buffer.from('{}'))]));
    const result = await trail(log, '--checkpoint', later);
    expect(result).toMatchObject({
      exitCode: 3,
      outcome: 'inconclusive',
      against: ['trail-checkpoint-ahead'],
    });
  });

  it('looks up so many models and no more, where a log names another one in every record', async () => {
    const dir = join(world.dir, 'log-many-models');
    const { records, leaves } = nameManyModels(world);
    writeLog(dir, records, sign(leaves));
    const { against } = await trail(dir);
    const of = (code: string) => against.filter((found) => found === code).length;
    expect([of('trail-models-too-many'), of('trail-model-unregistered')]).toEqual([1, MAX_MODELS]);
  });

  it('is inconclusive beyond the last anchor, and verified up to it', async () => {
    const grown = [...world.records, ...world.records.slice(0, 41).map(asOtherSession)];
    const dir = join(world.dir, 'log-grown');
    writeLog(dir, grown, sign(grown.map(hashLeaf)));
    expect(await trail(dir, '--anchored-only')).toMatchObject({ exitCode: 0 });
    const open = await trail(dir);
    expect(open).toMatchObject({ exitCode: 3, against: ['trail-unanchored'] });
  });
});

describe('export', () => {
  it.each([0, 5, 299, 300, 4095, 4096, SIZE - 1])(
    'makes a bundle of record %i from tiles and chain that verifies',
    async (index) => {
      const output = join(world.dir, `exported-${index}.json`);
      const pins = ['--chain', world.chain.url, '--trust', world.trustFile];
      await writeFile(join(world.modelDir, 'dataset.dsse.json'), world.envelope);
      const made = await runCli([
        'export',
        '--log',
        log,
        '--index',
        String(index),
        '--model',
        world.modelDir,
        ...pins,
        '--output',
        output,
      ]);
      expect(made).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      expect(await runCli(['verify', output, ...pins, '--format', 'json'])).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
    },
  );

  it('says in one line why it cannot', async () => {
    const result = await runCli(['export', '--log', log, '--index', String(SIZE)]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('verify with the log at hand', () => {
  it('makes the missing proof from the tiles', async () => {
    const path = await world.writeBundle(world.bundle(20, 777), 'no-proof.json');
    const args = ['verify', path, '--chain', world.chain.url, '--trust', world.trustFile, '--format', 'json'];
    expect(await runCli(args)).toMatchObject({ exitCode: 3 });
    expect(await runCli([...args, '--log', log])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await runCli([...args, '--log', join(world.dir, 'nothing')])).toMatchObject({
      exitCode: 3,
      stderr: '',
    });
  });
});

const flip = (at: number) => (bytes: Buffer) => {
  bytes[at]! ^= 1;
  return bytes;
};
const addSpace = (bytes: Uint8Array) => {
  const [first, ...rest] = decodeEntryBundle(bytes);
  return encodeEntryBundle([Buffer.concat([first!, Buffer.from(' ')]), ...rest]);
};
const swapFirstTwo = (bytes: Uint8Array) => {
  const [a, b, ...rest] = decodeEntryBundle(bytes);
  return encodeEntryBundle([b!, a!, ...rest]);
};
/** The same record in a session of its own. */
const asOtherSession = (bytes: Uint8Array, i: number): Uint8Array =>
  Buffer.from(
    Buffer.from(bytes)
      .toString()
      .replace(/"id":"[0-9a-f]{24}/, `"id":"${(i + 1).toString(16).padStart(24, 'f')}`)
      .replace(SESSION, hex('another session').slice(0, 32)),
  );

async function rewriteHistory(dir: string): Promise<void> {
  const records = world.records.map((bytes, i) =>
    i === 200 ? Buffer.from(Buffer.from(bytes).toString().replace('notice-1', 'notice-2')) : bytes,
  );
  await rm(dir, { recursive: true });
  writeLog(dir, records, sign(records.map(hashLeaf)));
}
