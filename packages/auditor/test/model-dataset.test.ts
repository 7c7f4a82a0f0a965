import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  computeRoot,
  DATASET_PAYLOAD_TYPE,
  datasetManifestDigest,
  hashSample,
  type Sample,
  signDsse,
  toHex,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approveDataset } from './on-chain.ts';
import { runCli } from './run-cli.ts';
import { createWorld, hex, makeStatementPayload, type World, writeSamples } from './world.ts';

let world: World;
let manifest: string;
beforeAll(async () => {
  world = await createWorld();
  manifest = join(world.modelDir, 'dataset.dsse.json');
  await writeFile(manifest, world.envelope);
});
afterAll(() => world?.stop());

async function audit(...args: string[]) {
  const { exitCode, stdout, stderr } = await runCli([
    ...args,
    '--chain',
    world.chain.url,
    '--trust',
    world.trustFile,
    '--format',
    'json',
  ]);
  const report = JSON.parse(stdout) as {
    findings: { code: string; outcome: string; source: string }[];
    counts?: Record<string, number>;
  };
  const against = report.findings.filter(({ outcome }) => outcome !== 'verified').map(({ code }) => code);
  return { exitCode, stderr, against, report };
}

describe('model', () => {
  it('verifies a registered bundle, and the version that was asked for', async () => {
    expect(await audit('model', world.modelDir)).toMatchObject({ exitCode: 0, stderr: '', against: [] });
    expect(await audit('model', world.modelDir, '--expect', world.modelVersion)).toMatchObject({
      exitCode: 0,
    });
    expect(await audit('model', world.modelDir, '--expect', hex('other'))).toMatchObject({
      exitCode: 1,
      against: expect.arrayContaining(['model-version-mismatch']),
    });
  });

  it.each<[string, string[], (dir: string) => Promise<void>]>([
    ['changed weights', ['model-file-mismatch'], (dir) => writeFile(join(dir, 'weights.bin'), 'other')],
    [
      'a manifest that nobody registered',
      ['model-unregistered'],
      (dir) => replace(dir, 'manifest.json', 'test-model', 'best-model'),
    ],
    [
      'a manifest that is none',
      ['model-manifest-malformed'],
      (dir) => writeFile(join(dir, 'manifest.json'), '{}'),
    ],
    ['a dataset manifest changed after signing', ['dataset-signature-invalid'], (dir) => tamperPayload(dir)],
  ])('finds %s', async (name, codes, change) => {
    const dir = join(world.dir, name.replaceAll(' ', '-'));
    await cp(world.modelDir, dir, { recursive: true });
    await change(dir);
    expect(await audit('model', dir)).toMatchObject({
      exitCode: 1,
      stderr: '',
      against: expect.arrayContaining(codes),
    });
  });
});

describe('dataset', () => {
  it('verifies manifest, approval and samples', async () => {
    expect(await audit('dataset', '--manifest', manifest)).toMatchObject({
      exitCode: 0,
      stderr: '',
      against: [],
    });
    expect(await audit('dataset', '--manifest', manifest, '--samples', world.samplesFile)).toMatchObject({
      exitCode: 0,
      report: { counts: { samples: 7 } },
    });
  });

  it('fails a manifest of another dataset than the one asked for, and one that was never approved', async () => {
    expect(await audit('dataset', '--manifest', manifest, '--root', hex('other'))).toMatchObject({
      exitCode: 1,
      against: ['dataset-root-mismatch', 'dataset-unapproved'],
    });
  });

  it.each<[string, string, (samples: Sample[]) => Sample[]]>([
    [
      'a manifest that counts other labels than there are',
      'samples-counts-mismatch',
      ([first, ...rest]) => [{ ...first!, label: 'happy' }, ...rest],
    ],
    [
      'a sample whose label has two histories',
      'samples-malformed',
      (samples) => samples.with(6, { ...samples[6]!, id: samples[0]!.id }),
    ],
    [
      'a withdrawn sample that the manifest still counts',
      'samples-counts-mismatch',
      (samples) => samples.with(6, { ...samples[6]!, id: samples[0]!.id, supersedes: 0, tombstone: true }),
    ],
  ])('finds %s, though the custodian signed it', async (name, code, change) => {
    const samples = change([...world.samples]);
    const root = toHex(computeRoot(samples.map(hashSample)));
    const payload = makeStatementPayload(root);
    const envelope = signDsse(DATASET_PAYLOAD_TYPE, payload, world.custodian.secretKey);
    const path = await world.write(`${name}.dsse.json`, JSON.stringify(envelope));
    const given = await world.write(`${name}.ndjson`, writeSamples(samples));
    const manifestDigest = toHex(datasetManifestDigest(payload));
    await approveDataset(world.registrar, { root, size: samples.length, manifestDigest });
    expect(await audit('dataset', '--manifest', path, '--samples', given)).toMatchObject({
      exitCode: 1,
      stderr: '',
      against: [code],
    });
  });

  it('is inconclusive without a manifest', async () => {
    expect(await audit('dataset', '--root', world.datasetRoot)).toMatchObject({
      exitCode: 3,
      against: ['dataset-manifest-missing'],
    });
  });

  it('names the label and the image that changed, given the approved samples', async () => {
    const changed = world.samples.map((sample, i) =>
      i === 1 ? { ...sample, label: 'angry' } : i === 4 ? { ...sample, pixelsSha256: hex('other') } : sample,
    );
    const path = await world.write('changed.ndjson', writeSamples(changed));
    const result = await audit(
      'dataset',
      '--manifest',
      manifest,
      '--samples',
      path,
      '--approved-samples',
      world.samplesFile,
    );
    expect(result).toMatchObject({
      exitCode: 1,
      against: ['samples-root-mismatch', 'sample-label-mismatch', 'sample-content-mismatch'],
    });
    expect(result.report.findings.slice(-2).map(({ source }) => source)).toEqual([
      `${path}, sample 1`,
      `${path}, sample 4`,
    ]);
  });
});

describe('the FER-2013 CSV forms', () => {
  const bundle = fileURLToPath(new URL('../../model/bundle/', import.meta.url));
  const pixels = Array.from({ length: 2304 }, (_, i) => (i * 7) % 256).join(' ');
  const run = async (csv: string) => {
    const path = await world.write('form.csv', csv);
    const args = [
      'dataset',
      '--manifest',
      join(bundle, 'dataset.dsse.json'),
      '--samples',
      path,
      '--format',
      'json',
    ];
    const { stdout } = await runCli(args);
    const report = JSON.parse(stdout) as { findings: { code: string; seen?: string }[] };
    return report.findings.at(-1)!;
  };

  it.each([
    ['icml_face_data.csv', `emotion, Usage, pixels\n3,Training,${pixels}\n`],
    ['train.csv, quoted, CRLF', `emotion,pixels\r\n3,"${pixels}"\r\n`],
    [
      'with a byte order mark and spaces',
      `\ufeffemotion,pixels,Usage\n3,${pixels.replaceAll(' ', '  ')} ,Training\n`,
    ],
  ])('reads %s as fer2013.csv', async (_, csv) => {
    const official = await run(`emotion,pixels,Usage\n3,${pixels},Training\n`);
    expect(official.code).toBe('samples-size-mismatch');
    expect(await run(csv)).toEqual(official);
  });

  it.each([
    ['a pixel too few', `emotion,pixels,Usage\n3,${pixels.slice(0, pixels.lastIndexOf(' '))},Training\n`],
    ['a pixel above 255', `emotion,pixels,Usage\n3,${pixels.replace(/^0 /, '256 ')},Training\n`],
    ['an unknown emotion', `emotion,pixels,Usage\n7,${pixels},Training\n`],
    ['no pixels at all', 'emotion,Usage\n3,Training\n'],
  ])('refuses %s', async (_, csv) => {
    expect((await run(csv)).code).toBe('samples-malformed');
  });
});

const replace = async (dir: string, file: string, from: string, to: string) =>
  writeFile(join(dir, file), (await readFile(join(dir, file), 'utf8')).replace(from, to));

async function tamperPayload(dir: string): Promise<void> {
  const envelope = JSON.parse(await readFile(join(dir, 'dataset.dsse.json'), 'utf8')) as { payload: string };
  const payload = Buffer.from(envelope.payload, 'base64').toString().replace('cc0-1.0', 'cc0-1.1');
  await writeFile(
    join(dir, 'dataset.dsse.json'),
    JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }),
  );
}
