import * as tf from '@tensorflow/tfjs';
import { registerTrainingKernels } from '../kernels/register.ts';
import { type DeviceOptions, installNavigatorGpu, openDevice } from './webgpu-device.ts';

/** What the adapter calls itself, or null where there is none that is allowed. */
export async function findAdapterName(options: DeviceOptions): Promise<string | null> {
  const open = await openDevice(options);
  if (!open) return null;
  open.device.destroy();
  return open.description;
}

/** Starts TensorFlow.js' WebGPU backend with the kernels and uploads that training needs. */
export async function useWebGpu(): Promise<boolean> {
  await installNavigatorGpu();
  await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) return false;
  await tf.ready();
  if (tf.getBackend() !== 'webgpu') return false;
  registerTrainingKernels('webgpu');
  return true;
}
