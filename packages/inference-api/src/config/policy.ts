import { z } from 'zod';
import { milliseconds, token } from './values.ts';

export const policySchema = z.strictObject({
  id: token.default('testigo-policy-1'),
  /** Length of the windows whose signals streams are told. */
  windowMs: milliseconds.default(5_000),
  /** `decisions` puts every reading that a review or an override is about on chain by itself. */
  onChain: z.enum(['none', 'decisions']).default('none'),
  /** Closed lists for the public fields of sessions; without a list any code is taken. */
  allowed: z
    .strictObject({
      purposes: z.array(token).optional(),
      legalBases: z.array(token).optional(),
      deployers: z.array(token).optional(),
      notices: z.array(token).optional(),
    })
    .prefault({}),
  /**
   * Terms under which pictures without a session are read, each as a session of its own. Absent: such pictures
   * are refused, because nobody vouches for a notice to the person in them.
   */
  singlePictures: z
    .strictObject({
      purpose: token,
      legalBasis: token,
      deployer: token,
      notice: token,
      subjectRole: z.literal('customer').default('customer'),
    })
    .optional(),
});
