import type { Finding } from '@testigo/trail';
import { z } from 'zod';

/** Raised when a field changes its meaning or goes away; a new field alone does not raise it. */
export const REPORT_VERSION = 1;

const outcome = z.enum(['verified', 'failed', 'inconclusive']);

const findingSchema = z.object({
  code: z.string().describe('Stable code; see docs/findings.md'),
  check: z.string(),
  outcome,
  expected: z.string().optional(),
  seen: z.string().optional(),
  source: z.string().describe('Where what was seen came from'),
  meaning: z.string().optional(),
  next: z.string().optional(),
});

const timelinePointSchema = z.object({
  at: z.string().describe('UTC, ISO 8601'),
  label: z.string(),
  kind: z.enum(['record', 'checkpoint', 'anchor', 'model', 'dataset', 'audit']),
});

const proofStepSchema = z.object({
  level: z.number().int(),
  side: z.enum(['left', 'right']).describe('Side of the sibling'),
  start: z.string().describe('Hash below, hex'),
  sibling: z.string(),
  result: z.string().describe('Hash above, hex'),
});

/** What every format of the result is made from. Plain data: JSON is this object, the others are views of it. */
export const reportSchema = z.object({
  reportVersion: z.literal(REPORT_VERSION),
  tool: z.object({ name: z.literal('testigo-audit'), version: z.string() }),
  command: z.string(),
  subject: z.string().describe('What was audited, in words'),
  auditedAt: z.string().describe('UTC, ISO 8601'),
  outcome: outcome.describe('Verified only if there is at least one finding and all are verified'),
  exitCode: z.union([z.literal(0), z.literal(1), z.literal(3)]),
  conclusion: z.string().describe('One sentence for a person'),
  findings: z.array(findingSchema).min(1),
  notChecked: z.array(z.string()).describe('What this audit did not look at, and how to have it looked at'),
  counts: z.record(z.string(), z.number()).optional(),
  timeline: z.array(timelinePointSchema).optional(),
  proofPath: z.array(proofStepSchema).optional(),
});

type Parsed = z.infer<typeof reportSchema>;
export interface AuditReport
  extends Readonly<Omit<Parsed, 'findings' | 'counts' | 'timeline' | 'proofPath'>> {
  readonly findings: readonly Finding[];
  /** Figures of the audit: records read, anchors matched, and so on. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly timeline?: readonly TimelinePoint[];
  readonly proofPath?: readonly ProofStep[];
}
export type TimelinePoint = z.infer<typeof timelinePointSchema>;
export type ProofStep = z.infer<typeof proofStepSchema>;
