// What one record's verification costs, bundle bytes to report, without reading the chain: node bench/record.ts [rounds]
import { readFileSync } from 'node:fs';
import { parseEvidenceBundle, utf8 } from '@testigo/trail';
import type { RegistryFacts } from '../src/chain/facts.ts';
import { buildReport } from '../src/report/build-report.ts';
import { formatReport } from '../src/report/format.ts';
import { parseTrustFile } from '../src/trust/trust-file.ts';
import { verifyEvidence } from '../src/verify/verify-evidence.ts';
import { describeMachine, median } from './measure.ts';

const rounds = Number(process.argv[2] ?? 500);
const path = new URL('../../trail/vectors/evidence.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as {
  readonly cases: readonly {
    readonly name: string;
    readonly bundle: string;
    readonly trust: object | null;
    readonly facts: RegistryFacts | null;
    readonly outcome: string;
  }[];
};
const passing = cases.find(
  ({ bundle, outcome }) => outcome === 'verified' && bundle.includes('"modelManifest"'),
);
if (passing?.trust == null || passing.facts === null) throw new Error('no vector verifies a whole bundle');
const { facts } = passing;
const bytes = utf8(passing.bundle);
const trust = parseTrustFile(JSON.stringify(passing.trust), 'trust');

function verifyOnce(): string {
  const bundle = parseEvidenceBundle(bytes);
  const findings = verifyEvidence({ bundle, trust, chain: { status: 'read', facts, others: [] } });
  const report = buildReport({
    command: 'verify',
    subject: 'bundle',
    findings,
    notChecked: [],
    auditedAt: new Date(),
    toolVersion: '0',
    verifiedMeans: 'This record is in the log.',
  });
  if (report.outcome !== 'verified') throw new Error(formatReport(report, 'text', { colour: false }));
  return formatReport(report, 'json', { colour: false });
}

const times: number[] = [];
for (let round = 0; round < rounds; round++) {
  const started = performance.now();
  verifyOnce();
  times.push(performance.now() - started);
}
const [first] = times;
const sorted = [...times].sort((a, b) => a - b);
console.log(
  `one record (${passing.name}): median ${median(times).toFixed(2)} ms, p99 ${sorted[Math.floor(rounds * 0.99)]!.toFixed(2)} ms, first ${first!.toFixed(1)} ms of ${rounds} rounds, ${describeMachine()}`,
);
