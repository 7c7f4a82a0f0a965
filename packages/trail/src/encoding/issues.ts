import type { z } from 'zod';

/** Hostile input can be wrong in a hundred thousand places, and name each of them at any length. */
const MAX_ISSUES = 8;
const MAX_CHARACTERS = 200;

/** One line a person can act on: each field's path and what is wrong with it. */
export function describeIssues({ issues }: z.ZodError): string {
  const lines = issues
    .slice(0, MAX_ISSUES)
    .map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`.slice(0, MAX_CHARACTERS));
  const more = issues.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
