import * as tf from '@tensorflow/tfjs';
import { registerTrainingKernels } from '../kernels/register.ts';
import { loadNodeGpu } from './node-gpu.ts';
import { findHardwareAdapter, useWebGpu } from './webgpu.ts';

export const BACKENDS = ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];
export type ChosenBackend = { readonly name: BackendName; readonly detail: string };

type Candidate = { readonly name: BackendName; start(): Promise<string | null> };

const CANDIDATES: readonly Candidate[] = [
  {
    name: 'tensorflow',
    start: async () => {
      const version = await loadNodeGpu();
      return version && (await tf.setBackend('tensorflow')) ? `tfjs-node-gpu, TensorFlow ${version}` : null;
    },
  },
  {
    name: 'webgpu',
    start: async () => {
      const adapter = await findHardwareAdapter();
      return adapter && (await useWebGpu()) ? adapter : null;
    },
  },
  {
    name: 'wasm',
    start: async () => {
      await import('@tensorflow/tfjs-backend-wasm');
      if (!(await tf.setBackend('wasm'))) return null;
      registerTrainingKernels('wasm');
      return (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? 'SIMD' : 'no SIMD';
    },
  },
  { name: 'cpu', start: async () => ((await tf.setBackend('cpu')) ? 'plain JavaScript' : null) },
];

let chosen: ChosenBackend | undefined;

/**
 * Starts the best backend there is (or the one asked for) and says which; later calls return the same one.
 * `print` takes the one line that names it; pass another function to send it elsewhere.
 */
export async function chooseBackend({
  only,
  print = console.error,
}: {
  only?: BackendName;
  print?: (line: string) => void;
} = {}): Promise<ChosenBackend> {
  if (chosen && (only === undefined || chosen.name === only)) return chosen;
  for (const candidate of CANDIDATES) {
    if (only !== undefined && candidate.name !== only) continue;
    const detail = await candidate.start();
    if (detail === null) continue;
    await tf.ready();
    chosen = { name: candidate.name, detail };
    print(`backend: ${candidate.name} (${detail})`);
    return chosen;
  }
  throw new Error(`backend ${only ?? 'any'} cannot be started here`);
}
