import { z } from 'zod';
import { hex } from './values.ts';

export const logSchema = z.strictObject({
  /** Name of the log, a schema-less URL (C2SP tlog-checkpoint). */
  origin: z
    .string()
    .regex(/^[^\s+]+$/)
    .default('testigo.local/calls'),
  /** Ed25519 seed; made and kept in the data folder if absent. */
  signingKey: hex(32).optional(),
  /** How long the first record of a batch waits for company: more saves writes, less answers sooner. */
  batchDelayMs: z.int().min(0).max(1_000).default(5),
});
