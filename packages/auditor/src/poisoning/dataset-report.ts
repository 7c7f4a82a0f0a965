import { createHash } from 'node:crypto';
import { type CanonicalValue, type Outcome, toHex } from '@testigo/trail';
import type { DatasetAudit } from './audit-dataset.ts';
import type { DatasetVerdict } from './dataset-verdict.ts';
import type { EvidenceFile } from './evidence-file.ts';
import { sampleIdOf } from './flagged-tree.ts';
import { countAtLeast } from './numeric/tail-excess.ts';
import { CLASS_NAMES, type SampleSet } from './sample-set.ts';

/** Version of the JSON form; fields are added under the same number, never changed. */
const REPORT_VERSION = 1;

export type ManifestCheck = { readonly outcome: Outcome; readonly detail: string };

export type DatasetReport = {
  readonly type: 'testigo-dataset-report';
  readonly version: number;
  readonly outcome: Outcome;
  readonly conclusion: DatasetAudit['conclusion'];
  readonly verdict: CanonicalValue;
  /** Hex SHA-256 of the verdict's canonical bytes: what is signed and published. */
  readonly verdictDigest: string;
  readonly manifest?: ManifestCheck;
  /** What p rests on: the signed reserve, or only the set itself (then p is a rank and guarantees nothing). */
  readonly calibration: 'clean-reserve' | 'self';
  readonly flagged: readonly string[];
  readonly samples: readonly SampleReport[];
};

type SampleReport = {
  readonly id: string;
  readonly label: string;
  readonly suspicion: number;
  readonly p: number;
  readonly scores: Readonly<Record<string, number>>;
  readonly flags: readonly string[];
};

/** A poisoned set fails; a clean one is verified only if its manifest, where given, is too. */
export function outcomeOf(
  conclusion: DatasetAudit['conclusion'],
  manifest: ManifestCheck | undefined,
): Outcome {
  if (conclusion === 'poisoned' || manifest?.outcome === 'failed') return 'failed';
  return conclusion === 'clean' && (manifest?.outcome ?? 'verified') === 'verified'
    ? 'verified'
    : 'inconclusive';
}

export function buildDatasetReport(
  set: SampleSet,
  audit: DatasetAudit,
  verdict: DatasetVerdict,
  manifest: ManifestCheck | undefined,
): DatasetReport {
  const flagsOf = new Map<number, string[]>();
  for (const { row, detector } of audit.flags) {
    const names = flagsOf.get(row);
    if (names === undefined) flagsOf.set(row, [detector]);
    else names.push(detector);
  }
  const ranked = audit.suspicion.slice().sort();
  const samples = Array.from({ length: set.size }, (_, row) => ({
    id: sampleIdOf(row),
    label: CLASS_NAMES[set.labels[row]!]!,
    suspicion: shorten(audit.suspicion[row]!),
    p: shorten(audit.fusion?.p[row] ?? (1 + countAtLeast(ranked, audit.suspicion[row]!)) / (set.size + 1)),
    scores: scoresOf(audit, row),
    flags: flagsOf.get(row) ?? [],
  }));
  return {
    type: 'testigo-dataset-report',
    version: REPORT_VERSION,
    outcome: outcomeOf(audit.conclusion, manifest),
    conclusion: audit.conclusion,
    verdict: verdict.value,
    verdictDigest: toHex(createHash('sha256').update(verdict.bytes).digest()),
    ...(manifest === undefined ? {} : { manifest }),
    calibration: audit.fusion === undefined ? 'self' : 'clean-reserve',
    flagged: [...flagsOf.keys()].sort((a, b) => a - b).map(sampleIdOf),
    samples,
  };
}

function scoresOf(audit: DatasetAudit, row: number): Record<string, number> {
  const scores: Record<string, number> = {};
  for (const [name, column] of Object.entries(audit.structure.columns))
    scores[name] = shorten(column.scores[row]!);
  for (const [name, column] of Object.entries(audit.network?.scores ?? {}))
    scores[name] = shorten(column[row]!);
  return scores;
}

function shorten(value: number): number {
  return Number(value.toPrecision(7));
}

export function formatDatasetText(
  report: DatasetReport,
  audit: DatasetAudit,
  evidence: EvidenceFile | undefined,
): string {
  const { duplicates, tests } = audit.structure;
  const byDetector = new Map<string, number>();
  for (const { detector } of audit.flags) byDetector.set(detector, (byDetector.get(detector) ?? 0) + 1);
  const strongest = [...tests].sort((a, b) => a.p - b.p).slice(0, 5);
  return [
    `Dataset of ${audit.size} samples: ${report.conclusion}${report.conclusion === report.outcome ? '' : ` (${report.outcome})`}`,
    ...audit.reasons.map((reason) => `  - ${reason}`),
    `Evidence: ${evidence === undefined ? 'none' : `${evidence.kind}, ${evidence.network}`}`,
    `Calibration: ${report.calibration === 'self' ? 'the set itself; p is a rank and guarantees nothing' : 'signed clean reserve'}`,
    ...(report.manifest === undefined
      ? []
      : [`Manifest: ${report.manifest.outcome}, ${report.manifest.detail}`]),
    `Duplicates: ${duplicates.exact.length} exact groups, ${duplicates.near.length} near groups, ` +
      `${duplicates.conflicts.length} with contradictory labels, ${duplicates.splitLeaks.length} across splits, ` +
      `${duplicates.floods.length} floods, ${duplicates.constant.length} constant images`,
    'Strongest structural tests:',
    ...strongest.map(
      ({ detector, label, p }) =>
        `  ${detector.padEnd(16)} ${CLASS_NAMES[label]!.padEnd(9)} p = ${p.toExponential(1)}`,
    ),
    `Flagged samples: ${report.flagged.length}`,
    ...[...byDetector].sort().map(([detector, count]) => `  ${detector.padEnd(16)} ${count}`),
    `Verdict digest: ${report.verdictDigest}`,
    '',
  ].join('\n');
}
