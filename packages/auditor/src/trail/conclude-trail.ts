import type { Checkpoint, Finding } from '@testigo/trail';
import type { RegistryFacts } from '../chain/facts.ts';
import { makeFinding } from '../findings/table.ts';
import { checkHead } from '../verify/check-anchor.ts';
import type { TrailAudit } from './audit-trail.ts';
import { concludeModels, type JudgedUse } from './conclude-models.ts';
import type { LedgerEnd } from './ledger.ts';

export interface TrailEnd {
  readonly audit: TrailAudit;
  /** What the records came to, taken together. */
  readonly ledger: LedgerEnd;
  readonly checkpoint: Checkpoint;
  /** How far the audit was asked to go: the checkpoint's size, or the last anchor's. */
  readonly size: number;
  readonly facts: RegistryFacts | undefined;
  readonly models: readonly JudgedUse[];
  /** Earlier checkpoints, where the log was held to every one of them. */
  readonly comparedCheckpoints: number;
  readonly source: string;
}

/** What the whole walk comes to: what was found on the way, and what was shown by finding nothing. */
export function concludeTrail(end: TrailEnd): Finding[] {
  const { audit, ledger, source, size } = end;
  // An empty log is no audit, but it is a failed one where records were anchored before.
  if (size === 0) return [makeFinding('trail-empty', { seen: '0 records', source }), ...findShortfall(end)];
  const found = ledger.findings;
  const has = (...codes: string[]) => found.some((finding) => codes.includes(finding.code));
  const findings = [...found];
  const isTreeSound = !has(
    'trail-root-mismatch',
    'trail-tile-mismatch',
    'trail-tile-missing',
    'trail-entries-malformed',
  );
  if (audit.isComplete && audit.recordsRead === size && isTreeSound) {
    findings.push(
      makeFinding('trail-tree-matches', {
        expected: `the root of ${size} records`,
        seen: `${size} records read`,
        source,
      }),
    );
  }
  const faults = found.filter((finding) => finding.outcome !== 'verified' && !TREE_CODES.has(finding.code));
  if (audit.isComplete && faults.length === 0) {
    findings.push(
      makeFinding('trail-records-consistent', { seen: `${audit.recordsRead} records in sequence`, source }),
    );
  }
  if (end.comparedCheckpoints > 0 && audit.isComplete && !has('trail-checkpoint-forked')) {
    findings.push(
      makeFinding('trail-checkpoints-match', {
        seen: `${end.comparedCheckpoints} earlier checkpoints`,
        source,
      }),
    );
  }
  return [...findings, ...concludeAnchors(end, has), ...concludeModelsOf(end)];
}

const TREE_CODES = new Set([
  'trail-root-mismatch',
  'trail-tile-mismatch',
  'trail-tile-missing',
  'trail-anchor-mismatch',
  'trail-anchor-counts-mismatch',
  'trail-checkpoint-forked',
]);

function findShortfall({ facts, checkpoint }: TrailEnd): Finding[] {
  const beyond = facts?.anchors.find((anchor) => anchor.size > checkpoint.size);
  if (facts === undefined || beyond === undefined) return [];
  const [expected, seen] = [`at least ${beyond.size} records`, `${checkpoint.size} records`];
  return [makeFinding('trail-shorter-than-anchor', { expected, seen, source: facts.source })];
}

function concludeAnchors(end: TrailEnd, has: (...codes: string[]) => boolean): Finding[] {
  const { facts, audit, size } = end;
  if (facts === undefined) return [makeFinding('trail-anchors-unchecked', { source: 'registry: Anchored' })];
  const { source, anchors } = facts;
  const shortfall = findShortfall(end);
  if (shortfall.length > 0) return shortfall;
  const contradiction = checkHead(facts);
  if (contradiction !== undefined) return [contradiction];
  const final = anchors.filter((anchor) => anchor.blockNumber <= facts.finalBlock);
  const last = final.at(-1)?.size ?? 0;
  const findings: Finding[] = [];
  if (last < size) {
    const seen = final.length === 0 ? 'no final anchor' : `the last final anchor has ${last}`;
    findings.push(
      makeFinding('trail-unanchored', { expected: `an anchor of ${size} records`, seen, source }),
    );
  }
  const isSound = audit.isComplete && !has('trail-anchor-mismatch', 'trail-anchor-counts-mismatch');
  if (isSound && final.length > 0) {
    findings.push(
      makeFinding('trail-anchors-match', {
        seen: `${anchors.length} anchors, the last of ${last} records`,
        source,
      }),
    );
  }
  return findings;
}

function concludeModelsOf({ facts, models, audit }: TrailEnd): Finding[] {
  if (facts === undefined || models.length === 0) return [];
  const { others } = audit.ledger.models;
  return concludeModels(models, { others, isComplete: audit.isComplete, source: facts.source });
}
