import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { emptyPicture, facePicture } from '../../test/support/pictures.ts';
import { makeTestBundle } from '../../test/support/test-bundle.ts';
import { parseConfig } from '../config.ts';
import { newFaceMemory } from '../faces/find-faces.ts';
import { openModel } from '../model-setup.ts';
import { ReaderPool } from './reader-pool.ts';

const { faces, limits, model } = parseConfig({
  model: { bundleDir: makeTestBundle() },
  registry: { rpcUrl: 'http://127.0.0.1:1', address: `0x${'0'.repeat(40)}`, chainId: 1 },
});
const setup = { faces, limits, model: openModel(model).network };

let pool: ReaderPool | undefined;
afterEach(() => pool?.close());

const startPool = async (threads: number) => {
  const workers: Worker[] = [];
  const lost: Error[] = [];
  const keep = (worker: Worker) => workers.push(worker);
  process.on('worker', keep);
  pool = await ReaderPool.start(setup, { threads, onLost: (error) => lost.push(error) });
  return { pool, workers, lost, stopWatching: () => process.off('worker', keep) };
};

describe('reading threads', () => {
  it('read pictures, follow a face, and pass on what is wrong with a picture', async () => {
    const { pool, stopWatching } = await startPool(2);
    stopWatching();
    expect(pool.detector).toContain('blazeface');
    const face = await facePicture();
    const memory = newFaceMemory();
    const [first, none] = await Promise.all([
      pool.readEmotion(face, memory),
      pool.readEmotion(await emptyPicture()),
    ]);
    expect(first.outcome).toBe('reading');
    expect(none).toMatchObject({ outcome: 'refused', reason: 'no-face' });
    expect(memory.last).toBeDefined();
    await pool.readEmotion(face, memory);
    expect(memory.framesSinceSweep).toBe(1);
    await expect(pool.readEmotion(Buffer.from('no picture'))).rejects.toMatchObject({
      code: 'image-unsupported',
    });
    // The caller's bytes stay the caller's: they are hashed for the record afterwards.
    expect(face.length).toBeGreaterThan(0);
  });

  it('are replaced when one ends, and what it was reading fails', async () => {
    const { pool, workers, lost, stopWatching } = await startPool(1);
    const face = await facePicture();
    const cutOff = expect(pool.readEmotion(face)).rejects.toThrow();
    // No question at all: nothing in the thread expects it.
    workers[0]!.postMessage(null);
    await cutOff;
    expect(lost).toHaveLength(1);
    await expect
      .poll(
        () =>
          pool.readEmotion(face).then(
            ({ outcome }) => outcome,
            () => 'none',
          ),
        { timeout: 20_000 },
      )
      .toBe('reading');
    expect(workers).toHaveLength(2);
    stopWatching();
  });

  it('finish what they read before they end', async () => {
    const { pool, stopWatching } = await startPool(1);
    stopWatching();
    const face = await facePicture();
    const readings = Promise.all(Array.from({ length: 6 }, () => pool.readEmotion(face)));
    await pool.close();
    expect((await readings).every(({ outcome }) => outcome === 'reading')).toBe(true);
    await expect(pool.readEmotion(face)).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('refuse a graph that is none, at the start', async () => {
    const broken = { ...setup, model: { ...setup.model, onnx: new Uint8Array(100) } };
    await expect(ReaderPool.start(broken, { threads: 2, onLost: () => {} })).rejects.toThrow();
  });
});
