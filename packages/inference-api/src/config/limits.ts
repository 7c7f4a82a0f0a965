import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { milliseconds } from './values.ts';

export const limitsSchema = z.strictObject({
  bodyBytes: z
    .int()
    .min(1024)
    .default(8 * 1024 * 1024),
  /** Of all bodies that are being sent or worked on; no caller may hold more than a quarter. More are answered 503. */
  bufferedBytes: z
    .int()
    .min(4_096)
    .default(256 * 1024 * 1024),
  imagePixels: z.int().min(2304).default(16_777_216),
  decodeTimeoutMs: milliseconds.default(2_000),
  /** By caller. Frames of a stream do not count. */
  requestsPerMinute: z.int().min(1).default(6_000),
  /** Frames of one stream being read or waiting; then the stream is paused until one is answered. */
  framesInFlight: z.int().min(1).max(64).default(2),
  /** Streams of frames at once, and as many of anchoring events. */
  streams: z.int().min(1).default(1_000),
  /**
   * Of either kind, for all keys and tokens of one deployer together, or for one that is limited to none. Half of them
   * if absent; all of them where auth.mode is open, since there is one tenant then.
   */
  streamsPerTenant: z.int().min(1).optional(),
  /** Threads that read pictures, each with its own copy of the networks (about 60 MB). One a core, eight at most. */
  readers: z
    .int()
    .min(1)
    .max(64)
    .default(() => Math.min(availableParallelism(), 8)),
  /** Pictures being read or waiting, all clients together; more are answered 503. */
  picturesInFlight: z.int().min(1).default(64),
});
