import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CanonicalValue,
  encodeCanonical,
  encodeModelManifest,
  modelVersionOf,
  sha256,
  toHex,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFaultyNode } from './faulty-node.ts';
import { registerModel } from './on-chain.ts';
import { runCli } from './run-cli.ts';
import { createWorld, hex, makeModelFolder, type World } from './world.ts';

// A transcript made by hand through the hashing of docs/spec/training-transcript.md: no training, but a true chain.
const SEGMENTS = 4;
const hashOf = (value: CanonicalValue): string => toHex(sha256(encodeCanonical(value)));
const START = { config: hex('config'), data: hex('rows'), weights: hex('weights 0') };

type Fields = Record<string, CanonicalValue>;

function makeEntries(): Fields[] {
  let previous = hashOf(START);
  return Array.from({ length: SEGMENTS }, (_, i) => {
    const state = { weights: hex(`weights ${i + 1}`), optimizer: hex(`optimizer ${i + 1}`) };
    const entry = { step: (i + 1) * 100, ...state, batches: hex(`batches ${i}`), lossPpm: 2_000_000 - i };
    previous = hashOf({ previous, ...entry });
    return { ...entry, head: previous };
  });
}
const ENTRIES = makeEntries();
const HEAD = String(ENTRIES.at(-1)!.head);
const TRANSCRIPT: Fields = { type: 'testigo.training-transcript', version: 1, ...START, entries: ENTRIES };

function makeSegment(index: number): Fields {
  const start: Fields = { step: 0, head: hashOf(START), weights: START.weights };
  const { step, head, weights, optimizer } = index === 0 ? start : ENTRIES[index - 1]!;
  return {
    type: 'testigo.transcript-segment',
    version: 1,
    segment: index,
    transcript: HEAD,
    config: START.config,
    data: START.data,
    backend: 'wasm',
    began: 0,
    from: { step: step!, head: head!, weights: weights!, ...(optimizer !== undefined && { optimizer }) },
    to: ENTRIES[index]!,
    ...(index === SEGMENTS - 1 && { weightsFile: weightsDigest }),
  };
}

let world: World;
let modelDir: string;
let segments: string;
let weightsDigest: string;

beforeAll(async () => {
  world = await createWorld();
  modelDir = join(world.dir, 'trained');
  const made = await makeModelFolder(modelDir, world.manifest.dataset);
  const training = { ...made.training, config: START.config, backend: 'wasm', transcript: HEAD };
  const manifest = encodeModelManifest({ ...made, training });
  weightsDigest = made.files.find(({ name }) => name === 'weights.bin')!.sha256;
  await writeFile(join(modelDir, 'manifest.json'), manifest);
  await writeFile(join(modelDir, 'transcript.json'), encodeCanonical(TRANSCRIPT));
  await registerModel(world.registrar, toHex(modelVersionOf(manifest)), world.datasetRoot);
  segments = join(world.dir, 'segments');
  await mkdir(segments);
  for (let i = 0; i < SEGMENTS; i++) await writeSegment(segments, i, makeSegment(i));
});
afterAll(() => world?.stop());

const writeSegment = (dir: string, index: number, segment: Fields) =>
  writeFile(join(dir, `segment-${index}.json`), encodeCanonical(segment));

async function replay(options: { model?: string; chain?: string }, ...more: string[]) {
  const pins = ['--chain', options.chain ?? world.chain.url, '--trust', world.trustFile, '--format', 'json'];
  const args = ['replay', '--model', options.model ?? modelDir, ...pins, ...more];
  const { exitCode, stdout, stderr } = await runCli(args);
  const report = JSON.parse(stdout) as { subject: string; findings: { code: string; expected?: string }[] };
  return { exitCode, stderr, subject: report.subject, codes: report.findings.map(({ code }) => code) };
}

const ALL = ['--count', String(SEGMENTS)];
const SOUND = ['model-registered', 'transcript-chained'];

describe('replay of the training', () => {
  it('verifies drawn segments that lead to the same states, and draws the same ones every time', async () => {
    const all = await replay({}, '--segments', segments, ...ALL);
    const codes = [...SOUND, ...Array(SEGMENTS).fill('transcript-segment-agrees')];
    expect(all).toMatchObject({ exitCode: 0, stderr: '', codes });
    const drawn = /segments drawn: ([\d, ]+)$/.exec(all.subject)![1]!.split(', ');
    expect([...drawn].sort()).toEqual(['0', '1', '2', '3']);
    const one = await replay({}, '--segments', segments);
    expect(one).toMatchObject({ exitCode: 0, codes: [...SOUND, 'transcript-segment-agrees'] });
    expect(one.subject).toContain(`segments drawn: ${drawn[0]}`);
  });

  it('has the segments made again by a program with the documented interface', async () => {
    const program = join(world.dir, 'rerun');
    await writeFile(
      program,
      '#!/bin/sh\ntest "$1 $2 $4 $6 $8" = "transcript --run --segment --data --out" || exit 9\ncp "$3/segment-$5.json" "$9"\n',
    );
    await chmod(program, 0o755);
    const run = ['--run', segments, '--data', world.samplesFile, '--with', program];
    const codes = [...SOUND, ...Array(SEGMENTS).fill('transcript-segment-agrees')];
    expect(await replay({}, ...run, ...ALL)).toMatchObject({ exitCode: 0, stderr: '', codes });
    const none = ['--run', join(world.dir, 'nowhere'), '--data', world.samplesFile, '--with', program];
    expect(await replay({}, ...none)).toMatchObject({
      exitCode: 3,
      stderr: '',
      codes: [...SOUND, 'transcript-segment-missing'],
    });
    expect(await replay({}, '--run', segments, '--data', 'x', '--with', '/nowhere/program')).toMatchObject({
      exitCode: 3,
      codes: [...SOUND, 'transcript-segment-missing'],
    });
  });

  const BENT = hex('something else');
  it.each<[string, (segment: Fields) => Fields, number, string]>([
    ['other rows', (s) => ({ ...s, data: BENT }), 1, 'transcript-segment-differs'],
    ['another configuration', (s) => ({ ...s, config: BENT }), 1, 'transcript-segment-differs'],
    ...(['head', 'weights', 'optimizer', 'batches'] as const).map(
      (field): [string, (segment: Fields) => Fields, number, string] => [
        `another ${field} at its end`,
        (s) => ({ ...s, to: { ...(s.to as Fields), [field]: BENT } }),
        1,
        'transcript-segment-differs',
      ],
    ),
    [
      'another loss',
      (s) => ({ ...s, to: { ...(s.to as Fields), lossPpm: 7 } }),
      1,
      'transcript-segment-differs',
    ],
    [
      'another beginning',
      (s) => ({ ...s, from: { ...(s.from as Fields), weights: BENT } }),
      1,
      'transcript-segment-differs',
    ],
    ['another weights file', (s) => ({ ...s, weightsFile: BENT }), 1, 'transcript-segment-differs'],
    [
      'other weights on another backend',
      (s) => ({ ...s, backend: 'webgpu', to: { ...(s.to as Fields), weights: BENT } }),
      3,
      'transcript-segment-inexact',
    ],
    [
      'the name of another transcript',
      (s) => ({ ...s, transcript: BENT }),
      3,
      'transcript-segment-malformed',
    ],
    ['a field nobody knows', (s) => ({ ...s, note: 'trust me' }), 3, 'transcript-segment-malformed'],
  ])('judges a segment with %s', async (name, change, exitCode, code) => {
    const dir = join(world.dir, name.replaceAll(' ', '-'));
    await cp(segments, dir, { recursive: true });
    await writeSegment(dir, 3, change(makeSegment(3)));
    expect(await replay({}, '--segments', dir, ...ALL)).toMatchObject({
      exitCode,
      stderr: '',
      codes: expect.arrayContaining([code]),
    });
  });

  it.each<[string, (dir: string) => Promise<unknown>, number, string]>([
    ['no transcript', (dir) => rm(join(dir, 'transcript.json')), 3, 'transcript-missing'],
    ['a transcript that is none', (dir) => rewrite(dir, () => ({ entries: [] })), 1, 'transcript-malformed'],
    [
      'an entry that was changed',
      (dir) =>
        rewrite(dir, (t) => ({ ...t, entries: [{ ...ENTRIES[0]!, lossPpm: 1 }, ...ENTRIES.slice(1)] })),
      1,
      'transcript-broken',
    ],
    [
      'a transcript that was cut short',
      (dir) => rewrite(dir, (t) => ({ ...t, entries: ENTRIES.slice(0, -1) })),
      1,
      'transcript-head-mismatch',
    ],
    [
      'a manifest with another configuration',
      async (dir) => {
        const path = join(dir, 'manifest.json');
        const text = await readFile(path, 'utf8');
        await writeFile(path, text.replace(START.config, hex('another configuration')));
      },
      1,
      'transcript-config-mismatch',
    ],
    ['no manifest', (dir) => rm(join(dir, 'manifest.json')), 3, 'model-manifest-missing'],
  ])('judges a model bundle with %s', async (name, change, exitCode, code) => {
    const dir = join(world.dir, name.replaceAll(' ', '-'));
    await cp(modelDir, dir, { recursive: true });
    await change(dir);
    expect(await replay({ model: dir }, '--segments', segments)).toMatchObject({
      exitCode,
      stderr: '',
      codes: expect.arrayContaining([code]),
    });
  });

  it('is inconclusive without segments, without a chain, and before the registration is final', async () => {
    expect(await replay({})).toMatchObject({ exitCode: 3, codes: [...SOUND, 'transcript-segment-missing'] });
    expect(await replay({ chain: 'http://127.0.0.1:9' }, '--segments', segments)).toMatchObject({
      exitCode: 3,
      codes: ['chain-unreachable', 'model-unchecked', 'transcript-chained', 'transcript-undrawn'],
    });
    const node = await startFaultyNode(world.chain.url, ({ method, params }) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized'
        ? { result: { number: '0x1' } }
        : undefined,
    );
    try {
      expect(await replay({ chain: node.url }, '--segments', segments)).toMatchObject({
        exitCode: 3,
        codes: ['model-not-final', 'transcript-chained', 'transcript-undrawn'],
      });
    } finally {
      await node.stop();
    }
  });

  it('wants a log or a model, and a run folder with its data', async () => {
    for (const args of [[], ['--log', 'x', '--model', 'y'], ['--model', 'y', '--run', 'z']])
      expect(await runCli(['replay', ...args])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

async function rewrite(dir: string, change: (transcript: Fields) => Fields): Promise<void> {
  await writeFile(join(dir, 'transcript.json'), encodeCanonical(change(TRANSCRIPT)));
}
