import { z } from 'zod';

export const authSchema = z
  .strictObject({
    /** `open` asks nobody who they are: for one machine only, so it needs a loopback host. */
    mode: z.enum(['open', 'required']).default('open'),
    jwt: z
      .strictObject({
        issuer: z.string().min(1),
        audience: z.string().min(1),
        jwksUri: z.url({ protocol: /^https?$/ }).optional(),
        /** The issuer's keys are fetched again for a key id that is unknown, but not sooner than this after the last time. */
        refetchAfterMs: z.int().min(0).default(30_000),
        jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
      })
      .refine(
        ({ jwksUri, jwks }) => (jwksUri === undefined) !== (jwks === undefined),
        'give jwksUri or jwks, one of them',
      )
      .optional(),
  })
  .prefault({});
