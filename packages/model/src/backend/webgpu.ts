import * as tf from '@tensorflow/tfjs';
import { registerTrainingKernels } from '../kernels/register.ts';
import { installNavigatorGpu, openDevice } from './webgpu-device.ts';

/** What the hardware adapter calls itself, or null: none, or a software one only. */
export async function findHardwareAdapter(): Promise<string | null> {
  const open = await openDevice();
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
