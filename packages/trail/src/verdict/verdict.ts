export type Outcome = 'verified' | 'failed' | 'inconclusive';

/** What one check found. */
export interface Finding {
  /** Stable code, for instance `inclusion-proof-mismatch`. */
  readonly code: string;
  /** Name of the check that found it. */
  readonly check: string;
  readonly outcome: Outcome;
  readonly expected?: string;
  readonly seen?: string;
  /** Where `seen` comes from. */
  readonly source: string;
  /** What it means for the record, in one sentence. */
  readonly meaning?: string;
  /** The next command or step. */
  readonly next?: string;
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly findings: readonly Finding[];
}

/**
 * Failed if anything failed, verified only if there is at least one finding and all are verified, else inconclusive.
 * Written so that an unknown outcome (from hostile JSON, say) can never count as verified.
 */
export function concludeVerdict(findings: readonly Finding[]): Verdict {
  if (findings.some((finding) => finding.outcome === 'failed')) return { outcome: 'failed', findings };
  const isVerified = findings.length > 0 && findings.every((finding) => finding.outcome === 'verified');
  return { outcome: isVerified ? 'verified' : 'inconclusive', findings };
}

/** The process exit code of an outcome; 2 is left for usage errors and 130 for interruption. Anything unknown is 3. */
export function exitCodeOf(outcome: Outcome): 0 | 1 | 3 {
  if (outcome === 'verified') return 0;
  return outcome === 'failed' ? 1 : 3;
}
