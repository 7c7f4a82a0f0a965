import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';

/** Node 23 removed these two, which tfjs-node 4.22 still calls. */
function restoreNodeUtil(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

/** What tfjs-node's backend keeps of its native part. */
type NodeBackend = { readonly binding: { readonly TF_Version: string }; readonly isUsingGpuDevice: boolean };

export type LoadedTensorflow = { readonly version: string; readonly device: 'GPU' | 'CPU' };

/**
 * Loads `@tensorflow/tfjs-node-gpu`, which registers the `tensorflow` backend, and says what it runs on. It is an
 * optional dependency whose package may be there without its library (CUDA 11.2, cuDNN 8.1, or the one that
 * scripts/build-tensorflow-binding.mjs builds against): only the import tells.
 */
export async function loadNodeGpu(): Promise<LoadedTensorflow | null> {
  try {
    restoreNodeUtil();
    const name = '@tensorflow/tfjs-node-gpu';
    await import(name);
    const { binding, isUsingGpuDevice } = tf.findBackend('tensorflow') as unknown as NodeBackend;
    return { version: binding.TF_Version, device: isUsingGpuDevice ? 'GPU' : 'CPU' };
  } catch {
    return null;
  }
}
