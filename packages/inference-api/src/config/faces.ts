import { z } from 'zod';

export const facesSchema = z.strictObject({
  /** BlazeFace, or OpenCV's Haar cascade, which is slower and finds frontal faces only (docs/faces.md). */
  detector: z.enum(['blazeface', 'haar']).default('blazeface'),
  /** Of BlazeFace, as threads is. */
  threshold: z.number().min(0.05).max(0.99).default(0.7),
  threads: z.int().min(1).max(64).default(1),
});
