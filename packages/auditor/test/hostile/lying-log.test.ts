import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  computeRoot,
  encodeEntryBundle,
  encodeRecord,
  formatCheckpoint,
  hashLeaf,
  newLogSigner,
  proveConsistency,
  signNote,
  type TrailRecord,
  toHex,
  verifierKey,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLog } from '../make-log.ts';
import { anchor, openLog } from '../on-chain.ts';
import { runCli } from '../run-cli.ts';
import { type Lie, serveLog } from '../serve-log.ts';
import { createWorld, id, ORIGIN, SESSION, type World } from '../world.ts';

const OTHER = 'log.example/other';
const SIZE = 12;
let world: World;
beforeAll(async () => {
  world = await createWorld({ detections: SIZE - 2, anchorSizes: [3, SIZE] });
  await writeFile(join(world.modelDir, 'dataset.dsse.json'), world.envelope);
});
afterAll(() => world?.stop());

function sign(leaves: readonly Uint8Array[], origin = ORIGIN): string {
  const body = formatCheckpoint({ origin, size: leaves.length, root: computeRoot(leaves) });
  return signNote(body, newLogSigner({ name: origin, secretKey: world.logKey.secretKey }));
}

let logs = 0;
async function makeLog(records: readonly Uint8Array[], origin = ORIGIN): Promise<string> {
  logs += 1;
  const dir = join(world.dir, `log-${logs}`);
  await mkdir(dir);
  writeLog(dir, records, sign(records.map(hashLeaf), origin));
  return dir;
}

async function audit(command: string[], trust = world.trustFile) {
  const pins = ['--chain', world.chain.url, '--trust', trust, '--format', 'json'];
  const { exitCode, stdout, stderr } = await runCli([...command, ...pins]);
  const { findings, notChecked } = JSON.parse(stdout) as {
    findings: { code: string; outcome: string }[];
    notChecked: string[];
  };
  const against = findings.filter(({ outcome }) => outcome !== 'verified').map(({ code }) => code);
  return { exitCode, stderr, against, codes: findings.map(({ code }) => code), notChecked };
}

async function served<T>(dir: string, lie: Lie, use: (url: string) => Promise<T>): Promise<T> {
  const server = await serveLog(dir, lie);
  try {
    return await use(server.url);
  } finally {
    server.stop();
  }
}

/** The world's log with one record changed: what an operator would like to have said. */
function rewritten(): Uint8Array[] {
  return world.records.map((bytes, i) =>
    i === 5 ? Buffer.from(Buffer.from(bytes).toString().replace('notice-1', 'notice-2')) : bytes,
  );
}

describe('a log that answers otherwise the second time', () => {
  it('cannot have its fork judged by the anchors of another log', async () => {
    const records = rewritten();
    const leaves = records.map(hashLeaf);
    await openLog(world.registrar, OTHER, world.logKey.publicKey);
    let before = 0;
    for (const { size } of world.anchors) {
      const tree = leaves.slice(0, size);
      const head = { size, root: computeRoot(tree), proof: proveConsistency(tree, before) };
      const detections = size === SIZE ? size - 1 - before : size - 1;
      await anchor(world.registrar, OTHER, head, { [world.modelVersion]: detections });
      before = size;
    }
    const other = `${OTHER}\n1\n${'A'.repeat(43)}=\n\n— ${OTHER} ${'A'.repeat(92)}\n`;
    const lie: Lie = (path, times) => (path === 'checkpoint' && times === 1 ? other : undefined);
    const result = await served(await makeLog(records), lie, (url) => audit(['trail', '--log', url]));
    expect(result).toMatchObject({ exitCode: 3, against: ['trail-unreachable'] });
  });

  it('cannot have another record verified than the one that was asked for by its id', async () => {
    const forged = Buffer.from(Buffer.from(world.records[4]!).toString().replace(id(4), id(777)));
    const lying = encodeEntryBundle(world.records.with(4, forged));
    const lie: Lie = (path, times) => (path.startsWith('tile/entries/') && times === 1 ? lying : undefined);
    const model = ['--model', world.modelDir];
    const result = await served(await makeLog(world.records), lie, (url) =>
      audit(['verify', id(777), '--log', url, ...model]),
    );
    expect(result).toMatchObject({ exitCode: 1, against: expect.arrayContaining(['record-swapped']) });
  });
});

describe('an id that means more than one thing', () => {
  it('a record with the id of a session does not stand for the session', async () => {
    const shadow: TrailRecord = {
      type: 'INCIDENT',
      version: 1,
      id: SESSION,
      time: 1_790_000_000,
      code: 'none',
    };
    const dir = await makeLog([...world.records, encodeRecord(shadow)]);
    const result = await audit(['verify', SESSION, '--log', dir, '--model', world.modelDir]);
    expect(result).toMatchObject({ exitCode: 3, against: expect.arrayContaining(['record-ambiguous']) });
    expect(result.codes).toContain('session-complete');
  });

  it('two records with one id are reported, not the first of them', async () => {
    const again: TrailRecord = { type: 'INCIDENT', version: 1, id: id(4), time: 1_790_000_000, code: 'none' };
    const dir = await makeLog([...world.records, encodeRecord(again)]);
    const result = await audit(['verify', id(4), '--log', dir, '--model', world.modelDir]);
    expect(result).toMatchObject({
      exitCode: 1,
      against: expect.arrayContaining(['trail-record-duplicate']),
    });
  });
});

describe('a log that hides a record of a session', () => {
  const review = (): Uint8Array =>
    encodeRecord({
      type: 'REVIEW',
      version: 1,
      id: id(500),
      time: 1_790_000_100,
      sessionId: SESSION,
      sequence: SIZE,
      detectionId: id(4),
      reviewer: id(600),
      decision: 'overruled',
      factReference: 'fact-1',
    });

  it('cannot call the session complete', async () => {
    const records = [...world.records, review()];
    const dir = await makeLog(records);
    const junk = Buffer.from(Buffer.from(review()).toString().replaceAll(SESSION, id(601)));
    const lying = encodeEntryBundle(records.with(SIZE, junk));
    const lie: Lie = (path) => (path.startsWith('tile/entries/') ? lying : undefined);
    const result = await served(dir, lie, (url) =>
      audit(['verify', SESSION, '--log', url, '--model', world.modelDir]),
    );
    expect(result).toMatchObject({
      exitCode: 1,
      against: expect.arrayContaining(['inclusion-proof-invalid']),
    });
  });
});

describe('an earlier checkpoint that the audit cannot hold the log to', () => {
  const withOther = async () => {
    const key = verifierKey(OTHER, world.logKey.publicKey);
    const pins = world.trust() as { logs: object[] };
    const logs = [...pins.logs, { origin: OTHER, verifierKey: key }];
    return world.write('two-logs.json', JSON.stringify({ ...pins, logs }));
  };

  it.each([5, SIZE + 1])('is not passed over where it is of another log, of %i records', async (size) => {
    const leaves = Array.from({ length: size }, (_, i) => hashLeaf(Buffer.from(`other ${i}`)));
    const checkpoint = await world.write('other-checkpoint', sign(leaves, OTHER));
    const dir = await makeLog(world.records);
    const result = await audit(['trail', '--log', dir, '--checkpoint', checkpoint], await withOther());
    expect(result).toMatchObject({ exitCode: 3, against: ['trail-checkpoint-other-log'] });
  });

  it('does not match where it lies beyond what --anchored-only reads', async () => {
    const records = [...world.records, ...[700, 701].map(incident)];
    const dir = await makeLog(records);
    const forked = records
      .map(hashLeaf)
      .with(2, hashLeaf(Buffer.from('{}')))
      .slice(0, SIZE + 1);
    const checkpoint = await world.write('forked-checkpoint', sign(forked));
    const result = await audit(['trail', '--log', dir, '--anchored-only', '--checkpoint', checkpoint]);
    expect(result).toMatchObject({ exitCode: 3, against: ['trail-checkpoint-beyond'] });
    expect(result.codes).not.toContain('trail-checkpoints-match');
  });
});

const incident = (n: number): Uint8Array =>
  encodeRecord({ type: 'INCIDENT', version: 1, id: id(n), time: 1_790_000_000, code: 'none' });

describe('a log whose checkpoint counts more records than anybody could read', () => {
  it('costs no memory before the first record is missing', async () => {
    const size = 2 ** 52;
    const body = formatCheckpoint({ origin: ORIGIN, size, root: computeRoot(world.leaves) });
    const signer = newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey });
    const dir = await makeLog(world.records);
    const lie: Lie = (path) => (path === 'checkpoint' ? signNote(body, signer) : undefined);
    const result = await served(dir, lie, (url) => audit(['trail', '--log', url]));
    expect(result).toMatchObject({
      exitCode: 3,
      stderr: '',
      against: expect.arrayContaining(['trail-entries-missing']),
    });
  });
});

describe('a log behind a password', () => {
  it('is read with it, and no report shows it', async () => {
    const dir = await makeLog(world.records);
    const server = createServer((request, response) => {
      const isKnown = request.headers.authorization === `Basic ${btoa('auditor:s3cret word')}`;
      if (!isKnown) return response.writeHead(401).end();
      return readFile(join(dir, request.url ?? '')).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const pins = ['--chain', world.chain.url, '--trust', world.trustFile];
    try {
      for (const password of ['s3cret%20word', 'wr0ng']) {
        const url = `http://auditor:${password}@127.0.0.1:${port}`;
        for (const command of ['trail', 'verify 0..3', 'watch --once', 'replay', 'export --index 1']) {
          const where = command.startsWith('watch') ? ['--state', join(world.dir, 'behind.json')] : [];
          const { exitCode, stdout, stderr } = await runCli([
            ...command.split(' '),
            '--log',
            url,
            ...where,
            ...pins,
          ]);
          expect(`${stdout}${stderr}`).not.toMatch(/s3cret|wr0ng|auditor:/);
          if (command === 'trail') expect(exitCode).toBe(password === 'wr0ng' ? 3 : 0);
        }
      }
    } finally {
      server.close();
    }
  });
});

describe('files that are no files of a log', () => {
  it.each<[string, string, Lie, number]>([
    [
      'a tile cut within a hash',
      'hash',
      (path) => (path.startsWith('tile/0/') ? new Uint8Array(33) : undefined),
      3,
    ],
    [
      'an entry bundle of noise',
      'range',
      (path) => (path.startsWith('tile/entries/') ? 'noise' : undefined),
      3,
    ],
    ['an empty checkpoint', 'range', (path) => (path === 'checkpoint' ? '' : undefined), 1],
  ])('%s ends in findings, without a stack trace', async (_, kind, lie, exitCode) => {
    const dir = await makeLog(world.records);
    const target = kind === 'hash' ? toHex(world.leaves[4]!) : '0..3';
    const result = await served(dir, lie, (url) => audit(['verify', target, '--log', url]));
    expect(result).toMatchObject({ exitCode, stderr: '' });
  });

  it('a tile that is cut, for a record found by its id', async () => {
    const lie: Lie = (path) => (path.startsWith('tile/0/') ? new Uint8Array(33) : undefined);
    const result = await served(await makeLog(world.records), lie, (url) =>
      audit(['verify', id(4), '--log', url]),
    );
    expect(result).toMatchObject({ exitCode: 3, stderr: '' });
  });
});
