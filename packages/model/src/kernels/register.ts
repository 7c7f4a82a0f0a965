import * as tf from '@tensorflow/tfjs';
import { filterGradient } from './filter-gradient.ts';
import { inputGradient } from './input-gradient.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';
import { step } from './step.ts';

function replaceKernel(kernelName: string, backendName: string, kernelFunc: tf.KernelFunc): void {
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ kernelName, backendName, kernelFunc });
}

const done = new Set<string>();

/** Registers what a backend lacks, or does slowly, of the gradients that training needs. */
export function registerTrainingKernels(backend: 'tensorflow' | 'wasm' | 'webgpu'): void {
  if (done.has(backend)) return;
  done.add(backend);
  if (backend === 'tensorflow') {
    replaceKernel('Step', backend, step);
    return;
  }
  replaceKernel('Conv2DBackpropFilter', backend, filterGradient);
  replaceKernel('Conv2DBackpropInput', backend, inputGradient);
  if (backend === 'wasm') replaceKernel('MaxPoolGrad', backend, maxPoolGradient);
}
