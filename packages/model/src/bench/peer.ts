import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

type ExpressionNet = {
  loadFromDisk(folder: string): Promise<void>;
  predictExpressions(input: tf.Tensor4D): Promise<unknown>;
};

/** face-api's expression network, where the package is there: 112x112 colour in, seven expressions out. */
export const openPeer = async (): Promise<{ readonly name: string; predict(): Promise<unknown> } | null> => {
  const require = createRequire(import.meta.url);
  // By name in a variable: it is a peer to compare with, not a dependency.
  const peer = '@vladmandic/face-api';
  try {
    const folder = dirname(require.resolve(`${peer}/package.json`));
    const { nets } = require(join(folder, 'dist', 'face-api.node-wasm.js')) as {
      nets: { faceExpressionNet: ExpressionNet };
    };
    const net = nets.faceExpressionNet;
    await net.loadFromDisk(join(folder, 'model'));
    const input = tf.randomUniform([1, 112, 112, 3], 0, 255) as tf.Tensor4D;
    return {
      name: `face-api expressions, tfjs ${tf.getBackend()}`,
      predict: () => net.predictExpressions(input),
    };
  } catch (error) {
    process.stderr.write(`peer: ${error instanceof Error ? error.message.split('\n')[0] : error}\n`);
    return null;
  }
};
