// The evidence vectors of packages/trail: the auditor must conclude what the specification does, finding by finding.
// docs/spec/verify.py gives the same answers.
import { readFileSync } from 'node:fs';
import { concludeVerdict, exitCodeOf, parseEvidenceBundle, utf8 } from '@testigo/trail';
import { expect, test } from 'vitest';
import type { ChainAnswer, RegistryFacts } from '../src/chain/facts.ts';
import { makeFinding } from '../src/findings/table.ts';
import { parseTrustFile } from '../src/trust/trust-file.ts';
import { attempt } from '../src/verify/checked.ts';
import { verifyEvidence } from '../src/verify/verify-evidence.ts';

interface EvidenceCase {
  readonly name: string;
  readonly bundle: string;
  readonly trust: object | null;
  readonly facts: RegistryFacts | null;
  readonly outcome: string;
  readonly exitCode: number;
  readonly codes: readonly string[];
}

const path = new URL('../../trail/vectors/evidence.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly EvidenceCase[] };

function answerOf({ facts, trust }: EvidenceCase): ChainAnswer {
  if (facts === null) return { status: 'not-given' };
  return trust === null
    ? { status: 'not-pinned', source: facts.source }
    : { status: 'read', facts, others: [] };
}

function findingsOf(given: EvidenceCase) {
  const trust = given.trust === null ? undefined : parseTrustFile(JSON.stringify(given.trust), 'trust');
  const read = attempt(() => parseEvidenceBundle(utf8(given.bundle)));
  if ('reason' in read) return [makeFinding('bundle-malformed', { seen: read.reason, source: 'bundle' })];
  return verifyEvidence({ bundle: read.value, trust, chain: answerOf(given) });
}

test.each(cases)('$name: $outcome', (given) => {
  const findings = findingsOf(given);
  const { outcome } = concludeVerdict(findings);
  const codes = findings.filter((finding) => finding.outcome !== 'verified').map((finding) => finding.code);
  expect([...new Set(codes)].sort()).toEqual(given.codes);
  expect(outcome).toBe(given.outcome);
  expect(exitCodeOf(outcome)).toBe(given.exitCode);
});

test('a checkpoint that cannot be read leaves inclusion and anchor unjudged, beside the failure', () => {
  const given = cases.find(({ outcome }) => outcome === 'verified')!;
  const { checkpoint } = JSON.parse(given.bundle) as { checkpoint: string };
  const bundle = given.bundle.replace(JSON.stringify(checkpoint), '"no note"');
  const findings = findingsOf({ ...given, bundle });
  expect(findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['inclusion-unchecked', 'checkpoint-malformed', 'anchor-unchecked']),
  );
  expect(concludeVerdict(findings).outcome).toBe('failed');
});
