import { z } from 'zod';
import { address, milliseconds } from './values.ts';

export const registrySchema = z.strictObject(
  {
    rpcUrl: z.url({ protocol: /^https?$/ }),
    address,
    /** Pinned: a node of another chain must not vouch for a model. */
    chainId: z.int().min(1),
    pollMs: milliseconds.default(10_000),
    /** An answer of the registry older than this counts as none: a revocation stops readings within this time. */
    maxAgeMs: milliseconds.max(60_000).default(60_000),
  },
  {
    error: ({ input }) =>
      input === undefined
        ? 'say where the registry is: registry.rpcUrl, registry.address and registry.chainId, also as TESTIGO_REGISTRY__RPC_URL and so on'
        : undefined,
  },
);
