import { z } from 'zod';
import { accountKey, milliseconds } from './values.ts';

export const anchoringSchema = z.strictObject({
  /** Key of the account that pays for anchors; without it the log is kept and served, but not anchored. */
  privateKey: accountKey.optional(),
  /** Key of another account, with the registry's recorder role: `policy.onChain` needs one. */
  recorderKey: accountKey.optional(),
  /** Nodes to ask, two or more of different operators outside a local chain; registry.rpcUrl if absent. */
  rpcUrls: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .optional(),
  maxFeeGwei: z.int().min(1).default(500),
  /** For chains without the safe and finalized tags: blocks on top that count as such. */
  depths: z
    .strictObject({ safe: z.int().min(0), finalized: z.int().min(0) })
    .default({ safe: 32, finalized: 64 }),
  pollMs: milliseconds.default(1_000),
  minIntervalMs: z.int().min(0).default(10_000),
  /** How long a record may wait for a log size that is cheap to anchor; 0 anchors every size as it comes. */
  alignWaitMs: z.int().min(0).default(30_000),
  resendAfterMs: milliseconds.default(15_000),
  bumpAfterMs: milliseconds.default(60_000),
});
