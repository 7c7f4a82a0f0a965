import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  computeRoot,
  deriveSalt,
  encodeEvidenceBundle,
  encodeRecord,
  formatCheckpoint,
  hashLeaf,
  newLogSigner,
  signNote,
  toBase64,
  toHex,
  utf8,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawIndices } from '../src/replay/draw.ts';
import { runReplay } from '../src/replay/run-replay.ts';
import { baseOf, TileSource } from '../src/trail/tile-source.ts';
import { writeLog } from './make-log.ts';
import { runCli } from './run-cli.ts';
import { createWorld, hex, id, ORIGIN, SUBJECT_KEY, type World } from './world.ts';

const DETECTIONS = 40;
let world: World;
let log: string;
let disclosed: string;
let server: Server;
let endpoint: string;
/** What the endpoint answers; the records of the world commit to [1,2,3] ppm. */
let answer: { status: number; version: string; data: number[] };

beforeAll(async () => {
  world = await createWorld({ detections: DETECTIONS, anchorSizes: [10, 42] });
  log = join(world.dir, 'log');
  const body = formatCheckpoint({ origin: ORIGIN, size: 42, root: computeRoot(world.leaves) });
  writeLog(
    log,
    world.records,
    signNote(body, newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey })),
  );
  disclosed = join(world.dir, 'disclosed');
  await mkdir(disclosed);
  for (let index = 1; index <= DETECTIONS; index++) await disclose(index, '[1,2,3]');
  server = createServer((request, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    const metadata = {
      name: 'testigo',
      inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [-1, 48, 48] }],
    };
    const outputs = [{ name: 'probabilities', datatype: 'FP32', shape: [1, 3], data: answer.data }];
    response.end(
      JSON.stringify(
        request.method === 'GET'
          ? metadata
          : { model_name: 'testigo', model_version: answer.version, outputs },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server?.close();
  await world?.stop();
});

async function disclose(index: number, scores: string): Promise<void> {
  const salt = toHex(deriveSalt(SUBJECT_KEY, id(index), 'scores'));
  const bundle = {
    ...world.bundle(index, 42),
    disclosures: [{ field: 'scores', salt, value: toBase64(utf8(scores)) }],
  };
  await writeFile(join(disclosed, `${id(index)}.json`), encodeEvidenceBundle(bundle));
  await writeFile(join(disclosed, `${id(index)}.gray`), new Uint8Array(2304).fill(index));
}

async function replay(...more: string[]) {
  const args = [
    'replay',
    '--log',
    log,
    '--chain',
    world.chain.url,
    '--trust',
    world.trustFile,
    '--count',
    '5',
    '--endpoint',
    endpoint,
    '--format',
    'json',
  ];
  const { exitCode, stdout, stderr } = await runCli([...args, ...more]);
  const report = JSON.parse(stdout) as { subject: string; findings: { code: string }[] };
  return { exitCode, stderr, subject: report.subject, codes: report.findings.map(({ code }) => code) };
}

describe('replay', () => {
  it('verifies detections whose scores come out again, within the tolerance', async () => {
    answer = { status: 200, version: world.modelVersion, data: [0.000001, 0.000002, 0.0011] };
    const result = await replay('--disclosed', disclosed);
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: '',
      codes: ['checkpoint-signed', ...Array(5).fill('replay-matches')],
    });
    expect((await replay('--disclosed', disclosed)).subject).toBe(result.subject);
    expect(await replay('--disclosed', disclosed, '--tolerance-ppm', '1000')).toMatchObject({ exitCode: 1 });
  });

  it.each<[string, () => void, number, string]>([
    ['other scores', () => Object.assign(answer, { data: [0.9, 0.05, 0.05] }), 1, 'replay-differs'],
    ['fewer scores', () => Object.assign(answer, { data: [0.000001] }), 1, 'replay-differs'],
    ['another model', () => Object.assign(answer, { version: hex('other') }), 1, 'replay-model-mismatch'],
    ['an error', () => Object.assign(answer, { status: 500 }), 3, 'replay-endpoint-unreachable'],
  ])('an endpoint that answers with %s', async (_, change, exitCode, code) => {
    answer = { status: 200, version: world.modelVersion, data: [0.000001, 0.000002, 0.000003] };
    change();
    expect(await replay('--disclosed', disclosed)).toMatchObject({
      exitCode,
      stderr: '',
      codes: expect.arrayContaining([code]),
    });
  });

  it('is inconclusive while a drawn record is withheld, and fails one with other scores', async () => {
    answer = { status: 200, version: world.modelVersion, data: [0.000001, 0.000002, 0.000003] };
    const blind = await replay();
    expect(blind).toMatchObject({
      exitCode: 3,
      codes: expect.arrayContaining(['replay-disclosure-missing']),
    });
    const drawn = Number.parseInt(/([0-9a-f]{32}) at/.exec(blind.subject)![1]!, 16);
    await disclose(drawn, '[1,2,4]');
    expect(await replay('--disclosed', disclosed)).toMatchObject({
      exitCode: 1,
      codes: expect.arrayContaining(['replay-scores-mismatch']),
    });
    await rm(join(disclosed, `${id(drawn)}.gray`));
    await disclose(drawn, '[1,2,3]');
    await writeFile(join(disclosed, `${id(drawn)}.gray`), 'short');
    expect(await replay('--disclosed', disclosed)).toMatchObject({
      exitCode: 3,
      codes: expect.arrayContaining(['replay-input-malformed']),
    });
  });

  it('draws nothing without a chain', async () => {
    const { stdout, exitCode } = await runCli(['replay', '--log', log, '--format', 'json']);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('replay-nothing-drawn');
  });
});

describe('a draw that comes to less than was asked for', () => {
  const SIZE = 400;
  /** A log of incidents with detections at these places. */
  async function draw(places: readonly number[], count: number) {
    const dir = join(world.dir, `padded-${places.length}-${count}`);
    const records = Array.from({ length: SIZE }, (_, i) =>
      places.includes(i)
        ? world.records[1 + places.indexOf(i)]!
        : encodeRecord({ type: 'INCIDENT', version: 1, id: id(5000 + i), time: 1_790_000_000, code: 'none' }),
    );
    writeLog(dir, records, 'not read here');
    const root = toHex(computeRoot(records.map(hashLeaf)));
    const { findings, drawn } = await runReplay({
      source: new TileSource(baseOf(dir)),
      servedSize: SIZE,
      anchor: {
        logId: hex('log'),
        size: SIZE,
        root,
        blockNumber: 1,
        blockHash: hex('block'),
        transaction: '',
      },
      count,
      tolerancePpm: 1,
      endpoint: undefined,
      readDisclosed: async () => ({ source: 'test' }),
      onProgress: () => undefined,
    });
    return { codes: findings.map(({ code }) => code), drawn: drawn.length };
  }

  it('says so for a log that is padded against the draw', async () => {
    const { codes, drawn } = await draw([20, 21, 22, 23], 4);
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThan(4);
    expect(codes.at(-1)).toBe('replay-too-few');
  });

  it('says nothing where every record was drawn: there are no more', async () => {
    const { codes, drawn } = await draw([20, 21, 22, 23], 10);
    expect(drawn).toBe(4);
    expect(codes).not.toContain('replay-too-few');
  });
});

describe('the draw', () => {
  it('is every index once, in an order that block hash and root decide', () => {
    const draw = (block: string) => [...drawIndices(`0x${hex(block)}`, hex('root'), 100)];
    expect([...draw('a')].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
  });
});
