import type { ApiConfig } from '../config.ts';
import { loadBlazeFace } from './blaze-face.ts';
import { createFaceFinder, type FaceFinder } from './find-faces.ts';

/** The whole picture, and for streams the neighbourhood of the last face. */
export const openFaceFinder = async (config: ApiConfig['faces']): Promise<FaceFinder> => {
  const { threshold, threads } = config;
  const whole = await loadBlazeFace({ variant: 'back', threshold, threads });
  const near = await loadBlazeFace({ variant: 'front', threshold, threads });
  return createFaceFinder(whole, near);
};
