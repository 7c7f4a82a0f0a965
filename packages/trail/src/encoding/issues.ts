import type { z } from 'zod';

/** One line a person can act on: each field's path and what is wrong with it. */
export const describeIssues = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
