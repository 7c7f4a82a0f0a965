// From a CSV of faces to an audited reading: what `npm start -- --data FILE` does, on generated pictures.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@testigo/trail';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trainModel, writeSamples } from '../src/world/train.ts';
import { codesOf, createWorld, type World } from './fixture.ts';

const ROWS = 96;
const CLASSES = 7;
const PIXELS = 48 * 48;

/** Stripes whose width says the class: the same file every time, and no picture of anybody. */
function generateCsv(): string {
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const label = row % CLASSES;
    const pixels = Array.from({ length: PIXELS }, (_, i) => ((i % 48) * (label + 1) + row * 7) % 256);
    return `${label},${pixels.join(' ')},${row % 4 === 3 ? 'PublicTest' : 'Training'}`;
  });
  return `emotion,pixels,Usage\n${rows.join('\n')}\n`;
}

let dir: string;
let world: World;
let samplesFile: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'testigo-trained-'));
  const [data, bundleDir] = [join(dir, 'faces.csv'), join(dir, 'bundle')];
  samplesFile = join(dir, 'samples.jsonl');
  await writeFile(data, generateCsv());
  await trainModel({ data, epochs: 1, subset: 64, out: bundleDir });
  await writeSamples({ data, bundleDir, out: samplesFile });
  const custodian = fromHex((await readFile(join(bundleDir, 'custodian.pub'), 'utf8')).trim(), 32);
  world = await createWorld({ bundleDir, custodian });
}, 240_000);

afterAll(async () => {
  await world?.close();
  await rm(dir, { recursive: true, force: true });
});

test('a reading of the trained model is verified down to its training samples', async () => {
  const run = await world.verify(await world.evidenceOf(world.recordIds[0]!), { samples: samplesFile });
  expect(codesOf(run, 'verified')).toContain('samples-match');
  expect(run.exitCode).toBe(0);
});

test('one changed label among the samples fails with samples-root-mismatch', async () => {
  const relabelled = join(dir, 'relabelled.jsonl');
  const text = await readFile(samplesFile, 'utf8');
  await writeFile(relabelled, text.replace('"label":"fear"', '"label":"sad"'));
  const run = await world.verify(await world.evidenceOf(world.recordIds[0]!), { samples: relabelled });
  expect(codesOf(run, 'failed')).toContain('samples-root-mismatch');
  expect(run.exitCode).toBe(1);
});
