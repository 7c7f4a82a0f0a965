import type { Finding } from '@testigo/trail';
import { ANCHOR_FINDINGS, MODEL_FINDINGS } from './chain-findings.ts';
import { DATASET_FINDINGS, SAMPLES_FINDINGS } from './dataset-findings.ts';
import type { FindingEntry } from './entry.ts';
import {
  BUNDLE_FINDINGS,
  CHECKPOINT_FINDINGS,
  DISCLOSURE_FINDINGS,
  INCLUSION_FINDINGS,
  RECORD_FINDINGS,
  SESSION_FINDINGS,
} from './record-findings.ts';
import { REPLAY_FINDINGS } from './replay-findings.ts';
import { TRAIL_FINDINGS } from './trail-findings.ts';
import { TRANSCRIPT_FINDINGS } from './transcript-findings.ts';
import { VERDICT_FINDINGS } from './verdict-findings.ts';
import { WATCH_FINDINGS } from './watch-findings.ts';

/** Every finding this program can make. A code is never reused for another meaning: scripts match on it. */
export const FINDINGS = {
  ...BUNDLE_FINDINGS,
  ...RECORD_FINDINGS,
  ...SESSION_FINDINGS,
  ...INCLUSION_FINDINGS,
  ...CHECKPOINT_FINDINGS,
  ...ANCHOR_FINDINGS,
  ...MODEL_FINDINGS,
  ...DATASET_FINDINGS,
  ...SAMPLES_FINDINGS,
  ...DISCLOSURE_FINDINGS,
  ...TRAIL_FINDINGS,
  ...WATCH_FINDINGS,
  ...REPLAY_FINDINGS,
  ...TRANSCRIPT_FINDINGS,
  ...VERDICT_FINDINGS,
};

export type FindingCode = keyof typeof FINDINGS;

export interface Observation {
  readonly expected?: string;
  readonly seen?: string;
  /** Where what was seen came from: a file, a field of the bundle, a contract call. */
  readonly source: string;
}

export function isFindingCode(code: string): code is FindingCode {
  return Object.hasOwn(FINDINGS, code);
}

export function makeFinding(code: FindingCode, observation: Observation): Finding {
  const entry: FindingEntry = FINDINGS[code];
  return {
    code,
    check: entry.check,
    outcome: entry.outcome,
    ...observation,
    meaning: entry.meaning,
    ...(entry.next === undefined ? {} : { next: entry.next }),
  };
}
