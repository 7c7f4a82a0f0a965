import type { ApiConfig } from '../config.ts';
import { loadBlazeFace } from './blaze-face.ts';
import { createFaceFinder, type FaceFinder } from './find-faces.ts';

/** BlazeFace on the whole picture, and for streams near the last face; or a cascade, on the whole picture always. */
export const openFaceFinder = async (config: ApiConfig['faces']): Promise<FaceFinder> => {
  if (config.detector === 'haar') {
    const { loadHaar } = await import('./haar.ts');
    return createFaceFinder(await loadHaar(), undefined);
  }
  const { threshold, threads } = config;
  const whole = await loadBlazeFace({ variant: 'back', threshold, threads });
  const near = await loadBlazeFace({ variant: 'front', threshold, threads });
  return createFaceFinder(whole, near);
};
