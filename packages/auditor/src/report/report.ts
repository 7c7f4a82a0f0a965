import type { Finding, Outcome } from '@testigo/trail';

/** Raised when a field changes its meaning or goes away; a new field alone does not raise it. */
export const REPORT_VERSION = 1;

/** What every format of the result is made from. Plain data: JSON is this object, the others are views of it. */
export interface AuditReport {
  readonly reportVersion: typeof REPORT_VERSION;
  readonly tool: { readonly name: 'testigo-audit'; readonly version: string };
  readonly command: string;
  /** What was audited, in words: "record 3fa1…, index 12 of log example.org/calls". */
  readonly subject: string;
  readonly auditedAt: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  /** One sentence for a person. */
  readonly conclusion: string;
  readonly findings: readonly Finding[];
  /** What this audit did not look at, and how to have it looked at. Never silently left out. */
  readonly notChecked: readonly string[];
  /** Figures of the audit: records read, anchors matched, and so on. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly timeline?: readonly TimelinePoint[];
  readonly proofPath?: readonly ProofStep[];
}

export interface TimelinePoint {
  readonly at: string;
  readonly label: string;
  readonly kind: 'record' | 'checkpoint' | 'anchor' | 'model' | 'dataset' | 'audit';
}

export interface ProofStep {
  readonly level: number;
  readonly side: 'left' | 'right';
  readonly sibling: string;
  readonly result: string;
}
