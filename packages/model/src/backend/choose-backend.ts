import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../errors.ts';
import { registerTrainingKernels } from '../kernels/register.ts';
import { loadNodeGpu } from './node-gpu.ts';
import { probeAdapter } from './probe.ts';
import { findAdapterName, useWebGpu } from './webgpu.ts';

export const BACKENDS = ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];
export type ChosenBackend = { readonly name: BackendName; readonly detail: string };

/** Started as the best there is, or because it was asked for by name: then slow is no reason against it. */
type Wish = 'best' | 'named';
type Print = (line: string) => void;
type Candidate = { readonly name: BackendName; start(wish: Wish, print: Print): Promise<string | null> };

const startTensorflow = async (accepted: 'GPU' | 'GPU or CPU'): Promise<string | null> => {
  const loaded = await loadNodeGpu();
  if (!loaded || !accepted.includes(loaded.device) || !(await tf.setBackend('tensorflow'))) return null;
  registerTrainingKernels('tensorflow');
  return `tfjs-node-gpu, TensorFlow ${loaded.version} on ${loaded.device}`;
};

const CANDIDATES: readonly Candidate[] = [
  { name: 'tensorflow', start: (wish) => startTensorflow(wish === 'named' ? 'GPU or CPU' : 'GPU') },
  {
    name: 'webgpu',
    start: async (wish, print) => {
      // Who asks for it by name is to see what the drivers say.
      const adapter =
        wish === 'named'
          ? await findAdapterName({ allowSoftware: true })
          : await probeAdapter((reason) => print(`no GPU was looked for any further: ${reason}`));
      return adapter && (await useWebGpu()) ? adapter : null;
    },
  },
  { name: 'tensorflow', start: () => startTensorflow('GPU or CPU') },
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
  print?: Print;
} = {}): Promise<ChosenBackend> {
  if (chosen && (only === undefined || chosen.name === only)) return chosen;
  for (const candidate of CANDIDATES) {
    if (only !== undefined && candidate.name !== only) continue;
    const detail = await candidate.start(only === undefined ? 'best' : 'named', print);
    if (detail === null) continue;
    await tf.ready();
    chosen = { name: candidate.name, detail };
    print(`backend: ${candidate.name} (${detail})`);
    return chosen;
  }
  throw new ModelError('backend-missing', { backend: only ?? 'any', seen: 'it cannot be started here' });
}
