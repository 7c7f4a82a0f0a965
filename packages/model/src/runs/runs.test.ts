import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportToMlflow } from './mlflow.ts';
import { RunFolder } from './run-folder.ts';
import { crc32c } from './tensorboard.ts';

const epoch = (n: number) => ({
  epoch: n,
  loss: 2 / n,
  accuracy: 0.2 * n,
  validationLoss: n === 3 ? Number.NaN : 2.1 / n,
  validationAccuracy: n === 3 ? Number.NaN : 0.18 * n,
  learningRate: 0.001,
});
const makeRun = (): RunFolder => {
  const folder = RunFolder.create(join(mkdtempSync(join(tmpdir(), 'testigo-run-')), 'run'), {
    id: 'run',
    startedAt: '2026-01-01T00:00:00.000Z',
    seed: 'testigo',
    commit: 'abc',
    datasetRoot: 'ab'.repeat(32),
    backend: 'wasm',
    config: { training: { optimizer: { kind: 'adam' }, epochs: 3 } },
  });
  for (const n of [1, 2, 3]) folder.addEpoch(epoch(n));
  return folder;
};

/** The records of the event file: their steps (field 2, after the 9 bytes of the time) and their text. */
const readEvents = (path: string): { step: number; text: string }[] => {
  const bytes = readFileSync(join(path, 'events.out.tfevents.0.testigo'));
  const events: { step: number; text: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    events.push({ step: data[9] === 16 ? data[10]! : 0, text: data.toString('latin1') });
    at += 16 + length;
  }
  return events;
};

describe('a run folder', () => {
  it('keeps epochs line by line, and reads past a line cut by a kill', () => {
    const folder = makeRun();
    appendFileSync(join(folder.path, 'metrics.jsonl'), '{"epoch":4,"los');
    expect(folder.readEpochs()).toEqual([1, 2, 3].map(epoch));
  });

  it('keeps the epochs before a state, in every file, when a run goes on', () => {
    const folder = makeRun();
    appendFileSync(join(folder.path, 'metrics.jsonl'), '{"epoch":4,"los');
    folder.keepEpochs(2);
    expect(folder.readEpochs()).toEqual([1, 2].map(epoch));
    expect(readEvents(folder.path).map(({ step }) => step)).toEqual([0, 1, 2]);
  });

  it('writes what TensorBoard reads, checksums included', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    const events = readEvents(makeRun().path);
    expect(events).toHaveLength(4);
    expect(events[0]!.text).toContain('brain.Event:2');
    expect(events[1]!.text).toMatch(/epoch_loss[\s\S]*validation\/epoch_loss[\s\S]*epoch_learning_rate/);
    expect(events[3]!.text).not.toContain('validation');
  });

  it('draws its curves as SVG and PNG', async () => {
    const folder = makeRun();
    const files = await folder.finish({ history: folder.readEpochs(), evaluation: null, card: '# card\n' });
    expect(files).toEqual(['card.md', 'curves.svg', 'curves.png']);
    expect(readFileSync(join(folder.path, 'curves.svg'), 'utf8')).toMatch(/<svg[\s\S]*validation/);
    expect(readFileSync(join(folder.path, 'curves.png')).subarray(1, 4).toString()).toBe('PNG');
  });
});

const mlflow = process.env.TESTIGO_MLFLOW ?? 'mlflow';
const hasMlflow = spawnSync(mlflow, ['--version']).status === 0;
if (!hasMlflow) {
  console.log(
    'MLflow against a real server: did not run, no `mlflow` on the PATH (pip install mlflow) or in TESTIGO_MLFLOW',
  );
} else {
  const freePort = (): Promise<number> =>
    new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
      });
    });

  describe('MLflow, a real server', () => {
    let server: ChildProcess;
    let url: string;
    beforeAll(async () => {
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const store = mkdtempSync(join(tmpdir(), 'testigo-mlflow-'));
      const backend = `sqlite:///${join(store, 'mlflow.db')}`;
      server = spawn(
        mlflow,
        ['server', '--port', String(port), '--backend-store-uri', backend, '--workers', '1'],
        { stdio: 'ignore', cwd: store, detached: true },
      );
      for (let attempt = 0; attempt < 240; attempt++) {
        const isUp = await fetch(`${url}/health`).then(
          (response) => response.ok,
          () => false,
        );
        if (isUp) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      throw new Error('MLflow did not come up in two minutes');
    }, 130_000);
    afterAll(() => {
      // The server forks workers: its process group, which is its own.
      if (server.pid) process.kill(-server.pid);
    });

    it('takes a run with its parameters, metrics by epoch and tags', async () => {
      const folder = makeRun();
      const id = await reportToMlflow(url, folder.path, { modelVersion: 'cd'.repeat(32) });
      const { run } = (await (await fetch(`${url}/api/2.0/mlflow/runs/get?run_id=${id}`)).json()) as {
        run: {
          info: { status: string };
          data: { params: { key: string; value: string }[]; tags: { key: string }[] };
        };
      };
      expect(run.info.status).toBe('FINISHED');
      expect(run.data.params).toContainEqual({ key: 'training.optimizer.kind', value: 'adam' });
      expect(run.data.tags.map((tag) => tag.key)).toEqual(
        expect.arrayContaining(['modelVersion', 'datasetRoot']),
      );
      const history = (await (
        await fetch(`${url}/api/2.0/mlflow/metrics/get-history?run_id=${id}&metric_key=val_loss`)
      ).json()) as {
        metrics: { step: number; value: number }[];
      };
      expect(history.metrics.map((metric) => metric.value)).toEqual([2.1, 1.05]);
    });

    it('names the address when the server refuses', async () => {
      await expect(reportToMlflow(`${url}/nowhere`, makeRun().path, {})).rejects.toMatchObject({
        code: 'tracking-failed',
      });
    });
  });
}
