#!/usr/bin/env node
import { cpus, loadavg } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { chooseBackend } from '../backend/choose-backend.ts';
import { OnnxEngine } from '../bundle/engine.ts';
import { fromTfjs } from '../bundle/from-tfjs.ts';
import { toOnnx } from '../bundle/onnx/to-onnx.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import { PIXEL_COUNT } from '../labels.ts';
import { buildNetwork, type FerNetwork } from '../network/build.ts';
import { compactNetwork, hybridNetwork, MISSION_NETWORK } from '../network/spec.ts';
import { RemoteClassifier } from '../serving/remote-classifier.ts';
import { startServer } from '../serving/server.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { openPeer } from './peer.ts';
import { formatRow, HEADER, time } from './timing.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const faces = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * PIXEL_COUNT }, (_, i) => (i * 37 + (i >> 7) * 13) % 256);

const onnxOf = async ({ spec, model }: FerNetwork): Promise<Uint8Array> =>
  toOnnx(await fromTfjs(model), { input: { size: spec.inputSize, mean: spec.mean, std: spec.std } });

const benchOnnx = async (name: string, onnx: Uint8Array): Promise<void> => {
  for (const threads of [1, 2]) {
    const engine = await OnnxEngine.create(onnx, 48, { threads });
    for (const [batch, runs] of [
      [1, 400],
      [64, 20],
    ] as const) {
      const pixels = faces(batch);
      const timing = await time(() => engine.run(pixels, 'probabilities'), { runs, units: batch });
      print(
        formatRow(`${name}, onnxruntime, ${threads} thread${threads > 1 ? 's' : ''}, batch ${batch}`, timing),
      );
    }
    await engine.close();
  }
};

const benchTfjs = async ({ spec, model }: FerNetwork, backend: string): Promise<void> => {
  for (const [batch, runs] of [
    [1, 60],
    [64, 4],
  ] as const) {
    const input = tf.randomUniform([batch, spec.inputSize, spec.inputSize, 1]);
    const predict = async (): Promise<void> => {
      const output = tf.tidy(() => model.predict(input) as tf.Tensor);
      await output.data();
      output.dispose();
    };
    print(
      formatRow(`${spec.name}, tfjs ${backend}, batch ${batch}`, await time(predict, { runs, units: batch })),
    );
    input.dispose();
  }
};

const benchServer = async (): Promise<void> => {
  const contents = readBundle(shippedBundle());
  for (const maxDelayMs of [0, 2]) {
    const server = await startServer(contents, { port: 0, maxDelayMs });
    const remote = new RemoteClassifier({ url: server.url, model: contents.manifest.name });
    const one = faces(1);
    for (const clients of [1, 32]) {
      const timing = await time(
        () => Promise.all(Array.from({ length: clients }, () => remote.predict(one))),
        { runs: clients === 1 ? 200 : 40, units: clients },
      );
      print(
        formatRow(
          `HTTP v2 binary, wait ${maxDelayMs} ms, ${clients} client${clients > 1 ? 's' : ''} at once`,
          timing,
        ),
      );
    }
    await server.stop();
  }
};

print(`${cpus().length} x ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`);
print(HEADER);
const contents = readBundle(shippedBundle());
await benchOnnx(`shipped ${contents.manifest.name}`, toOnnx(contents.network, { input: contents.input }));
const { name: backend } = await chooseBackend({ print: (line) => process.stderr.write(`${line}\n`) });
for (const spec of [MISSION_NETWORK, compactNetwork(), hybridNetwork()]) {
  const network = buildNetwork(spec);
  await benchOnnx(spec.name, await onnxOf(network));
  await benchTfjs(network, backend);
}
await benchServer();
const peer = await openPeer();
if (peer) print(formatRow(`peer: ${peer.name}, batch 1`, await time(peer.predict, { runs: 40 })));
else print('peer: @vladmandic/face-api is not installed, not measured here');
print(
  '\nGoal: one face on one core, p50 <= 1.5 ms. Measured elsewhere on one core: @vladmandic/human 4.6 ms, face-api 8.5 ms.',
);
