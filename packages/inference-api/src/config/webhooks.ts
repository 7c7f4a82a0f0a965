import { z } from 'zod';
import { cidr, milliseconds } from './values.ts';

export const webhooksSchema = z.strictObject({
  maxEndpoints: z.int().min(0).max(1_000).default(100),
  /** Of one deployer, or of all keys together that are limited to none; by default as limits.streamsPerTenant. */
  maxEndpointsPerTenant: z.int().min(0).max(1_000).optional(),
  /** Networks in CIDR form that may be called although they are not public, also over plain http. */
  allowedNetworks: z.array(cidr).default([]),
  /** How often the service looks for something to tell. */
  pollMs: milliseconds.default(1_000),
  /** Of one attempt, from connecting to the status line. */
  timeoutMs: milliseconds.max(60_000).default(10_000),
  /** Attempts of one delivery before it is given up as dead. The defaults spread them over about a day. */
  attempts: z.int().min(1).max(50).default(12),
  /** The delay after the first failure; each further one is four times as long, half of it random. */
  firstRetryMs: milliseconds.default(5_000),
  maxRetryMs: milliseconds.default(6 * 3_600_000),
  /** How long settled deliveries are listed. */
  keptMs: milliseconds.default(30 * 24 * 3_600_000),
});
