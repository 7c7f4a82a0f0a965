import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { finishBundle } from '../bundle/finish-bundle.ts';
import { fromTfjs } from '../bundle/from-tfjs.ts';
import { INPUT_PROFILE_FILE } from '../bundle/input-profile.ts';
import { knownTraining } from '../bundle/known-training.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import { loadFaces } from '../data/load-faces.ts';
import { decodeEvidence } from '../evidence/evidence-file.ts';
import { REFERENCE_FILE } from '../evidence/reference.ts';
import { buildNetwork } from '../network/build.ts';
import { hybridNetwork } from '../network/spec.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { MAIN, runHere, runMain, writeFaces } from './cli.test-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'testigo-cli-'));
const run = (...args: string[]) => runMain(folder, ...args);
const writeCsv = (name: string, rows: number): string => writeFaces(folder, name, rows);
const csv = writeCsv('faces.csv', 56);

describe('the built testigo-model', () => {
  it('teaches its commands', async () => {
    const { status, stdout, stderr } = run('--help');
    expect(status).toBe(0);
    expect(stderr).toBe('');
    for (const command of ['train', 'evaluate', 'evidence', 'export', 'serve', 'info', 'samples']) {
      expect(stdout).toContain(`${command} `);
      const help = await runHere(command, '--help');
      expect(help).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it('outlives a reader that closes the pipe', async () => {
    const child = spawn(process.execPath, [MAIN, 'train', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const said: Buffer[] = [];
    child.stderr.on('data', (part: Buffer) => said.push(part));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(Buffer.concat(said).toString()).toBe('');
  });

  it('verifies and describes the shipped bundle', async () => {
    const { status, stdout, stderr } = run('info', '--format', 'json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ manifest: { labels: expect.arrayContaining(['happy']) } });
    expect((await runHere('info', '--card')).stdout).toContain('What it must not be used for');
  });

  it('evaluates as JSON with every promised field, and as text', async () => {
    const { status, stdout, stderr } = run('evaluate', '--data', csv, '--format', 'json', '--ten-crop');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      count: 14,
      split: 'PublicTest',
      leakFree: { removed: 0, knownFrom: ['bundle', 'file'] },
    });
    for (const field of [
      'accuracy',
      'macroF1',
      'ece',
      'perClass',
      'confusion',
      'accuracyInterval',
      'tenCrop',
      'conformal',
      'selective',
    ]) {
      expect(result[field]).toBeDefined();
    }
    expect((await runHere('evaluate', '--data', csv, '--split', 'all')).stdout).toMatch(/f1-score/);
  });

  it('stores the shipped weights in 8 bits, keeps what is known of the training pictures, and measures both', () => {
    const { status, stdout } = run('quantize', '--out', 'small', '--data', csv);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /weights 1,\d{3},\d{3} bytes\naccuracy \d+\.\d\d %, before .* points on 14 pictures/,
    );
    const [before, after] = [readBundle(shippedBundle()), readBundle(join(folder, 'small'))];
    for (const name of [INPUT_PROFILE_FILE, REFERENCE_FILE, 'training-digests.bin'])
      expect(after.files.get(name)).toEqual(before.files.get(name));
    expect(after.manifest.calibration).toEqual(before.manifest.calibration);
  });

  it('exports ONNX and a Triton repository', async () => {
    expect((await runHere('export', '--out', join(folder, 'model.onnx'))).status).toBe(0);
    expect(run('export', '--format', 'triton', '--out', 'models').status).toBe(0);
    const [name] = readdirSync(join(folder, 'models'));
    expect(existsSync(join(folder, 'models', name!, '1', 'model.onnx'))).toBe(true);
    expect(readFileSync(join(folder, 'models', name!, 'config.pbtxt'), 'utf8')).toContain('TYPE_UINT8');
  });

  it('writes the same evidence on every run and prints its digest', async () => {
    const first = run('evidence', '--data', csv, '--out', 'a.evidence', '--epochs', '2');
    expect(first.status).toBe(0);
    const second = await runHere(
      'evidence',
      '--data',
      csv,
      '--out',
      join(folder, 'b.evidence'),
      '--epochs',
      '2',
    );
    expect(second.stdout.slice(0, 64)).toBe(first.stdout.slice(0, 64));
    const { header, arrays } = decodeEvidence(readFileSync(join(folder, 'a.evidence')));
    expect(header).toMatchObject({ kind: 'out-of-fold-heads', rows: 56, folds: 4 });
    expect(arrays.probabilities!.shape).toEqual([56, 7]);
  });

  it('trains against an attack, and measures what stands against PGD after each epoch', async () => {
    const args = ['train', '--data', csv, '--adversarial', 'fast-at', '--backend', 'wasm', '--out', 'robust'];
    const { status, stderr } = run(...args, '--epochs', '1', '--limit', '24', '--batch', '8');
    expect(stderr).toMatch(/epoch 1\/1: .* under PGD-10 \d+\.\d %/);
    expect(status).toBe(0);
    const [line] = readFileSync(join(folder, 'robust.run', 'metrics.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(line!).robustAccuracy).toBeGreaterThanOrEqual(0);
    const wrong = await runHere(...args, '--epsilon', '300');
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('[option-invalid]') });
  });

  it('attacks a network with attention, whose layers TensorFlow.js does not know', async () => {
    await tf.setBackend('cpu');
    const spec = hybridNetwork({ widths: [4, 4, 4], blocks: 1, heads: 1, hidden: 4 });
    const rows = [0, 1, 2, 3, 4, 5, 6];
    await finishBundle({
      ...{ folder: join(folder, 'hybrid'), name: 'hybrid', architecture: 'hybrid', precision: 'float16' },
      network: await fromTfjs(buildNetwork(spec).model),
      input: { size: spec.inputSize, mean: spec.mean, std: spec.std },
      set: await loadFaces(csv),
      dataset: { name: 'faces', licence: 'cc0-1.0', sources: ['test'], collectedAt: 1 },
      ...{ trainRows: rows, calibration: { rows: [], labelSmoothing: 0 }, test: null },
      training: { config: { network: 'hybrid' }, seed: 1, epochs: 0, backend: 'cpu', trainedAt: 1 },
      facts: { summary: 'Hybrid.', training: 'None.', calibration: 'none', notes: [] },
    });
    const attack = ['--attack', '4', '--format', 'json'];
    const { status, stdout } = run('evaluate', '--bundle', 'hybrid', '--data', csv, ...attack);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ robustness: { count: 4 } });
  });

  it('trains the networks of an evidence file in processes of their own, and says how long it takes', () => {
    const small = writeCsv('few.csv', 28);
    const args = ['--networks', '--network', 'mission', '--folds', '2', '--epochs', '1', '--backend', 'wasm'];
    const { status, stderr } = run('evidence', '--data', small, '--out', 'networks.evidence', ...args);
    expect(stderr).toMatch(/3 networks of 1 epochs, 1 at a time: about \d/);
    expect(status).toBe(0);
    const { header, arrays } = decodeEvidence(readFileSync(join(folder, 'networks.evidence')));
    expect(header).toMatchObject({ kind: 'out-of-fold-networks', rows: 28, folds: 2 });
    expect(arrays.embeddings!.shape).toEqual([28, 256]);
  });

  it.each([
    ['no command line', [], 2],
    ['an unknown command', ['predict'], 2],
    ['an unknown option', ['evaluate', '--data', 'x', '--fast'], 2],
    ['a missing option', ['evaluate'], 2],
    ['an option out of range', ['evaluate', '--data', 'x', '--threads', '0'], 2],
    ['a missing file', ['evaluate', '--data', 'nothing.csv'], 1],
    ['a missing bundle', ['info', '--bundle', 'nothing'], 1],
    [
      'a dataset name that no manifest takes',
      ['train', '--data', 'x', '--out', 'y', '--dataset-name', 'My Faces'],
      2,
    ],
    ['a learning rate that is none', ['train', '--data', 'x', '--out', 'y', '--learning-rate', 'fast'], 2],
    ['a held-out share of all', ['train', '--data', 'x', '--out', 'y', '--validation', '1'], 2],
    ['frozen layers of no bundle', ['train', '--data', 'x', '--out', 'y', '--freeze', 'features'], 2],
    ['a port that is none', ['serve', '--port', '99999'], 2],
    ['an address that is not here', ['serve', '--port', '0', '--host', '192.0.2.1'], 2],
    ['a place that cannot be written', ['export', '--out', '/dev/null/model.onnx'], 1],
    ['a folder that is no bundle', ['train', '--data', 'faces.csv', '--out', folder], 1],
  ])('refuses %s with code and one clear line', async (_, args, status) => {
    const result = await runHere(...args);
    expect(result.status).toBe(status);
    expect(result.stdout).toBe('');
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('names the row of a bad pixel and leaves no bundle behind', () => {
    const bad = join(folder, 'bad.csv');
    writeFileSync(bad, readFileSync(csv, 'utf8').replace(/\n3,\d+/, '\n3,999'));
    const { status, stderr } = run('train', '--data', bad, '--out', 'never');
    expect(status).toBe(1);
    expect(stderr).toMatch(/bad\.csv: row 4 \(line 5\): pixel 1 is 999/);
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it('trains, writes bundle and run folder, then fine-tunes with frozen features', {
    timeout: 120_000,
  }, () => {
    const base = ['--backend', 'wasm', '--epochs', '1', '--batch', '7', '--limit', '21'];
    const trained = run('train', '--data', csv, '--out', 'model', ...base);
    expect(trained.stderr).toContain('epoch 1/1');
    expect(trained.status).toBe(0);
    expect(readdirSync(join(folder, 'model.run')).sort()).toEqual(
      expect.arrayContaining([
        'card.md',
        'config.json',
        'confusion.png',
        'curves.svg',
        'metrics.jsonl',
        'reliability.png',
        'reliability.svg',
      ]),
    );
    const config = JSON.parse(readFileSync(join(folder, 'model.run', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ seed: 'testigo', datasetRoot: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const tuned = run(
      'train',
      '--data',
      csv,
      '--out',
      'tuned',
      '--from',
      'model',
      '--freeze',
      'features',
      ...base,
    );
    expect(tuned.status).toBe(0);
    const changed = readBundle(join(folder, 'tuned')).network.weights.filter((tensor, i) => {
      const before = readBundle(join(folder, 'model')).network.weights[i]!;
      expect(before.name).toBe(tensor.name);
      return tensor.data.some((value, k) => value !== before.data[k]);
    });
    expect(changed.map((tensor) => tensor.name.split('/')[1])).toEqual(['kernel', 'bias']);
    expect(changed[0]!.shape).toEqual([256, 7]);
    expect(run('info', '--bundle', 'tuned').status).toBe(0);
    const { modelVersion, files } = readBundle(join(folder, 'model'));
    expect(readFileSync(join(folder, 'tuned', 'card.md'), 'utf8')).toMatch(
      new RegExp(
        `began from the weights of model version \\\`${modelVersion}\\\`, all but its last layer frozen`,
      ),
    );
    // What trained its base trained it too.
    const known = knownTraining(readBundle(join(folder, 'tuned')).files)!;
    expect([...known]).toEqual(expect.arrayContaining([...knownTraining(files)!]));
  });
});
