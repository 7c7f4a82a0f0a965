import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BundleClassifier, loadClassifier } from '../bundle/classifier.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import { isModelError } from '../errors.ts';
import { PIXEL_COUNT } from '../labels.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { Batcher } from './batcher.ts';
import { RemoteClassifier } from './remote-classifier.ts';
import { type RunningServer, startServer } from './server.ts';

const contents = readBundle(shippedBundle());
const { name } = contents.manifest;
const faces = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * PIXEL_COUNT }, (_, i) => (i * 37 + (i >> 6) * 11) % 256);

let server: RunningServer;
let local: BundleClassifier;
const at = (path: string): string => `${server.url}${path}`;
const infer = (body: object, path = `/v2/models/${name}/infer`): Promise<Response> =>
  fetch(at(path), { method: 'POST', body: JSON.stringify(body) });
const tensor = (pixels: Uint8Array, shape = [pixels.length / PIXEL_COUNT, 48, 48]) => ({
  name: 'pixels',
  datatype: 'UINT8',
  shape,
  data: [...pixels],
});

type Answer = { readonly outputs: readonly [{ readonly shape: number[]; readonly data: number[] }] };
const gap = (a: ArrayLike<number>, b: Float32Array): number =>
  b.reduce((worst, value, i) => Math.max(worst, Math.abs(value - a[i]!)), 0);

beforeAll(async () => {
  server = await startServer(contents, { port: 0, maxBatch: 8, maxQueue: 8 });
  local = await loadClassifier(contents);
});
afterAll(async () => {
  await server.stop();
  await local.close();
});

describe('the Open Inference Protocol server', () => {
  it('says that it lives, is ready and what it serves', async () => {
    expect(await (await fetch(at('/v2/health/live'))).json()).toEqual({ live: true });
    expect((await fetch(at('/v2/health/ready'))).status).toBe(200);
    expect((await fetch(at(`/v2/models/${name}/ready`))).status).toBe(200);
    expect(await (await fetch(at('/v2'))).json()).toMatchObject({ extensions: ['binary_tensor_data'] });
    const metadata = await (await fetch(at(`/v2/models/${name}`))).json();
    expect(metadata).toMatchObject({
      versions: [contents.modelVersion],
      inputs: [{ datatype: 'UINT8', shape: [-1, 48, 48] }],
    });
  });

  it('answers JSON with what the classifier says in process', async () => {
    const pixels = faces(3);
    const answer = (await (await infer({ id: 'a1', inputs: [tensor(pixels)] })).json()) as Answer;
    expect(answer).toMatchObject({ model_name: name, model_version: contents.modelVersion, id: 'a1' });
    const expected = await local.predict(pixels);
    expect(answer.outputs[0].shape).toEqual([3, 7]);
    expect(gap(answer.outputs[0].data, expected)).toBeLessThan(1e-5);
    const versioned = await infer(
      { inputs: [tensor(pixels)] },
      `/v2/models/${name}/versions/${contents.modelVersion}/infer`,
    );
    expect(versioned.status).toBe(200);
  });

  it('answers binary tensors, alone and together', async () => {
    const remote = new RemoteClassifier({ url: server.url, model: name });
    expect(await remote.versions()).toEqual([contents.modelVersion]);
    const many = await Promise.all([1, 2, 1, 3].map((count) => remote.predict(faces(count))));
    const expected = await local.predict(faces(3));
    expect(many.map((scores) => scores.length)).toEqual([7, 14, 7, 21]);
    expect(gap(many[3]!, expected)).toBeLessThan(1e-5);
  });

  const one = tensor(faces(1));
  it.each([
    ['no JSON', 'not json', 400],
    ['no inputs', {}, 400],
    ['another input name', { inputs: [{ ...one, name: 'image' }] }, 400],
    ['another type', { inputs: [{ ...one, datatype: 'FP32' }] }, 400],
    ['another size', { inputs: [{ ...one, shape: [1, 44, 44] }] }, 400],
    ['too few pixels', { inputs: [{ ...one, data: one.data.slice(1) }] }, 400],
    ['a level over 255', { inputs: [{ ...one, data: [256, ...one.data.slice(1)] }] }, 400],
    ['a fraction', { inputs: [{ ...one, data: [0.5, ...one.data.slice(1)] }] }, 400],
    ['more pictures than a batch', { inputs: [tensor(faces(9))] }, 400],
    ['an unknown output', { inputs: [one], outputs: [{ name: 'soul' }] }, 400],
    [
      'a wrong binary size',
      { inputs: [{ ...one, data: undefined, parameters: { binary_data_size: 2304 } }] },
      400,
    ],
  ])('refuses %s', async (_, body, status) => {
    const response = await infer(body as object);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code: 'request-invalid' });
  });

  it('refuses another model, another method and another path', async () => {
    expect(await (await fetch(at('/v2/models/other'))).json()).toMatchObject({ code: 'model-unknown' });
    expect((await fetch(at(`/v2/models/${name}/infer`))).status).toBe(405);
    expect((await fetch(at('/v1/chat'))).status).toBe(404);
    await expect(
      new RemoteClassifier({ url: server.url, model: 'other' }).predict(faces(1)),
    ).rejects.toMatchObject({ code: 'remote-failed' });
  });

  it('says of a path that is no URL that nothing is there', async () => {
    const status = await new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const sent = request({ hostname, port, path: '//' }, (response) =>
        resolve(response.resume().statusCode),
      );
      sent.once('error', reject).end();
    });
    expect(status).toBe(404);
  });

  it('sheds load with 503 and Retry-After, and counts it', async () => {
    const burst = await Promise.all(Array.from({ length: 12 }, () => infer({ inputs: [tensor(faces(6))] })));
    const statuses = burst.map((response) => response.status);
    expect(statuses).toContain(200);
    const refused = burst.find((response) => response.status === 503);
    expect(refused?.headers.get('retry-after')).toBe('1');
    const metrics = await (await fetch(at('/metrics'))).text();
    expect(metrics).toMatch(/testigo_model_requests_total\{status="503"\} \d+/);
    expect(metrics).toMatch(/testigo_model_pictures_total \d+/);
  });

  it('finishes open requests when it stops, then is gone', async () => {
    const other = await startServer(contents, { port: 0, maxDelayMs: 200 });
    const open = new RemoteClassifier({ url: other.url, model: name }).predict(faces(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [scores] = await Promise.all([open, other.stop()]);
    expect(scores.length).toBe(14);
    await expect(fetch(`${other.url}/v2/health/live`)).rejects.toThrow();
  });

  it('tells who asks while it drains that it takes no more, and finishes what it took', async () => {
    const other = await startServer(contents, { port: 0, maxBatch: 64, maxQueue: 4096, workers: 1 });
    const client = new RemoteClassifier({ url: other.url, model: name });
    const open = Promise.allSettled(Array.from({ length: 24 }, () => client.predict(faces(64))));
    const countQueued = async (): Promise<number> =>
      Number(/queued_pictures (\d+)/.exec(await (await fetch(`${other.url}/metrics`)).text())![1]);
    // So much to do that two questions are asked before it is done.
    while ((await countQueued()) < 600) await new Promise((resolve) => setTimeout(resolve, 1));
    const stopped = other.stop();
    const ready = await fetch(`${other.url}/v2/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false }]);
    const refused = await fetch(`${other.url}/v2/models/${name}/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs: [tensor(faces(1))] }),
    });
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'server-draining' }]);
    expect((await open).filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    await stopped;
    await expect(fetch(`${other.url}/v2/health/live`)).rejects.toThrow();
  });

  it('says which port is taken', async () => {
    const port = Number(new URL(server.url).port);
    await expect(startServer(contents, { port })).rejects.toMatchObject({
      code: 'option-invalid',
      details: { option: 'port' },
    });
  });
});

describe('the batcher', () => {
  const scores = (pixels: Uint8Array): Float32Array =>
    Float32Array.from(
      { length: (pixels.length / PIXEL_COUNT) * 7 },
      (_, i) => pixels[Math.floor(i / 7) * PIXEL_COUNT]!,
    );
  const marked = (mark: number): Uint8Array => new Uint8Array(PIXEL_COUNT).fill(mark);

  it('gives each request its own rows, in batches no larger than allowed', async () => {
    const sizes: number[] = [];
    const run = async (pixels: Uint8Array): Promise<Float32Array> => {
      sizes.push(pixels.length / PIXEL_COUNT);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return scores(pixels);
    };
    const batcher = new Batcher(run, { maxBatch: 4, maxDelayMs: 0, maxQueue: 100, concurrency: 1 });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => batcher.submit(marked(i))));
    expect(answers.map((answer) => answer[3])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Math.max(...sizes)).toBe(4);
  });

  it('passes a failure to the requests of that batch only, and drains', async () => {
    let calls = 0;
    const run = async (pixels: Uint8Array): Promise<Float32Array> => {
      if (calls++ === 0) throw new Error('first batch');
      return scores(pixels);
    };
    const batcher = new Batcher(run, { maxBatch: 1, maxDelayMs: 0, maxQueue: 10, concurrency: 1 });
    const results = await Promise.allSettled([batcher.submit(marked(1)), batcher.submit(marked(2))]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled']);
    await batcher.drain();
    expect(() => batcher.submit(marked(3))).toThrow();
    try {
      batcher.submit(marked(3));
    } catch (error) {
      expect(isModelError(error, 'server-draining')).toBe(true);
    }
  });
});
