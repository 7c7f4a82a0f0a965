import { z } from 'zod';
import { milliseconds } from './values.ts';

export const POSTGRES_URL = /^postgres(ql)?:\/\//;

/** `sqlite` keeps everything in dataDir; a postgres:// URL lets several replicas share it, one of them writing. */
export const storeSchema = z
  .string()
  .refine(
    (text) => text === 'sqlite' || (POSTGRES_URL.test(text) && URL.canParse(text)),
    'sqlite, or the URL of a PostgreSQL database: postgres://user:password@host:5432/database',
  )
  .default('sqlite');

export const replicaSchema = z.strictObject({
  /** Where the other replicas reach this one; the address it listens on if absent. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** A writer that is silent for so long is cut off, and another replica takes over. */
  leaseMs: milliseconds.min(500).max(60_000).default(3_000),
  /** How long a request waits while the replicas elect a writer. */
  electionWaitMs: z.int().min(0).max(60_000).default(5_000),
});
