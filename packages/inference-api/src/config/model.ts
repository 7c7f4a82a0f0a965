import { z } from 'zod';

export const modelSchema = z.strictObject({
  /** Folder of the model bundle; the one that ships with @testigo/model if absent. */
  bundleDir: z.string().optional(),
  threads: z.int().min(1).max(64).default(1),
});
